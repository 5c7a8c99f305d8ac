"""The account API: who may call what, and what each call does."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from local.sandbox import credentials, errors
from local.sandbox.chatwoot import query, shapes
from local.sandbox.chatwoot.desk import INCOMING, OUTGOING, PRIORITIES, STATUSES, Desk, Doc, team
from local.sandbox.chatwoot.people import BY_TOKEN, INBOXES, USERS, User, agent_shape
from local.sandbox.chatwoot.public import PublicApi, body_of
from local.sandbox.chatwoot.webhooks import Webhooks
from local.sandbox.world import World

VERSION = "4.15.1"
_REFUSED = "You are not authorized to do this action"
_Handler = Callable[[Request, User, int], Awaitable[Response]]


class Chatwoot:
    def __init__(self, world: World) -> None:
        self.world = world
        self.desk = Desk(world.store)
        self.hooks = Webhooks(world, self.desk)

    async def reset(self, everything: bool) -> None:
        if everything:
            self.desk.renew()

    def routes(self) -> list[Route | Mount]:
        one = "/conversations/{conversation:int}"
        account = [
            self._route("/conversations", self.index, "GET"),
            self._route("/conversations", self.create, "POST", bots=True),
            self._route("/conversations/meta", self.meta, "GET"),
            self._route("/conversations/filter", self.filter, "POST"),
            self._route(one, self.show, "GET", bots=True),
            self._route(one + "/messages", self.messages, "GET"),
            self._route(one + "/messages", self.post_message, "POST", bots=True),
            self._route(one + "/messages/{message:int}", self.delete_message, "DELETE"),
            self._route(one + "/toggle_status", self.toggle_status, "POST", bots=True),
            self._route(one + "/toggle_priority", self.toggle_priority, "POST", bots=True),
            self._route(one + "/toggle_typing_status", self.typing, "POST", bots=True),
            self._route(one + "/assignments", self.assign, "POST", bots=True),
            self._route(one + "/custom_attributes", self.custom_attributes, "POST", bots=True),
            self._route(one + "/labels", self.labels, "GET", bots=True),
            self._route(one + "/labels", self.set_labels, "POST", bots=True),
            self._route("/webhooks", self.webhooks, "GET", admin=True),
            self._route("/webhooks", self.new_webhook, "POST", admin=True),
            self._route("/webhooks/{hook:int}", self.webhook, "PATCH", admin=True),
            self._route("/webhooks/{hook:int}", self.webhook, "DELETE", admin=True),
            self._route("/agents", self.agents, "GET"),
            self._route("/inboxes", self.inboxes, "GET"),
            self._route("/teams", self.teams, "GET"),
        ]
        return [
            Route("/api", self.version, methods=["GET"]),
            Route("/health", self.health, methods=["GET"]),
            Route("/api/v1/profile", self.profile, methods=["GET"]),
            Mount("/api/v1/accounts/{account:int}", routes=account),
            Mount("/public/api/v1", routes=PublicApi(self.desk, self.hooks).routes()),
            Route("/{rest:path}", self.nowhere, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
        ]

    def _route(self, path: str, handler: _Handler, method: str, *, admin: bool = False, bots: bool = False) -> Route:
        async def guarded(request: Request) -> Response:
            user = self._user(request)
            account = request.path_params["account"]
            if user.account_id != account:
                raise errors.chatwoot(401, "You are not authorized to access this account")
            if (user.role == "bot" and not bots) or (admin and user.role != "administrator"):
                raise errors.chatwoot(401, _REFUSED)
            return await handler(request, user, account)

        return Route(path, guarded, methods=[method])

    @staticmethod
    def _user(request: Request) -> User:
        token = request.headers.get("api_access_token") or request.headers.get("api-access-token") or ""
        user = BY_TOKEN.get(token)
        if user is None or token == credentials.REFUSED_KEY:
            raise errors.chatwoot(401, "Invalid Access Token")
        return user

    def _one(self, request: Request, account: int) -> Doc:
        return self.desk.conversation(account, request.path_params["conversation"])

    # --- health ---------------------------------------------------------------------

    async def version(self, request: Request) -> Response:
        now = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
        return JSONResponse({"version": VERSION, "timestamp": now, "queue_services": "ok", "data_services": "ok"})

    async def health(self, request: Request) -> Response:
        return JSONResponse({"status": "woot"})

    async def profile(self, request: Request) -> Response:
        user = self._user(request)
        if user.role == "bot":
            raise errors.chatwoot(401, _REFUSED)
        accounts = [{"id": user.account_id, "role": user.role, "status": "active", "availability": "online"}]
        return JSONResponse(
            {**agent_shape(user), "access_token": user.token, "accounts": accounts, "pubsub_token": "sandbox"}
        )

    async def nowhere(self, request: Request) -> Response:
        raise errors.chatwoot(404, "Resource could not be found")

    # --- reading --------------------------------------------------------------------

    async def index(self, request: Request, user: User, account: int) -> Response:
        page, counts = query.conversations(
            self.desk, account, user, request.query_params, request.query_params.getlist("labels[]")
        )
        shown = [shapes.conversation(self.desk, c, webhook=False) for c in page]
        return JSONResponse({"data": {"meta": counts, "payload": shown}})

    async def meta(self, request: Request, user: User, account: int) -> Response:
        _, counts = query.conversations(
            self.desk, account, user, request.query_params, request.query_params.getlist("labels[]")
        )
        return JSONResponse({"meta": counts})

    async def filter(self, request: Request, user: User, account: int) -> Response:
        given = await body_of(request)
        page = int(request.query_params.get("page") or 1)
        shown, found = query.filtered(self.desk, account, given.get("payload"), max(1, page))
        counts = {k: v for k, v in query.counted(found, user).items() if k != "assigned_count"}
        return JSONResponse(
            {"meta": counts, "payload": [shapes.conversation(self.desk, c, webhook=False) for c in shown]}
        )

    async def show(self, request: Request, user: User, account: int) -> Response:
        return JSONResponse(shapes.conversation(self.desk, self._one(request, account), webhook=False))

    async def messages(self, request: Request, user: User, account: int) -> Response:
        doc = self._one(request, account)
        person = self.desk.contacts[doc["contact_id"]]
        meta: dict[str, Any] = {
            "labels": doc["labels"],
            "additional_attributes": doc["additional_attributes"],
            "contact": shapes.contact(person, kind=True),
            "agent_last_seen_at": doc["agent_last_seen_at"],
            "assignee_last_seen_at": 0,
        }
        if doc["assignee_id"] in USERS:
            meta["assignee"] = agent_shape(USERS[doc["assignee_id"]])
        found = query.messages(self.desk, doc, request.query_params)
        return JSONResponse({"meta": meta, "payload": [shapes.message(self.desk, m) for m in found]})

    # --- writing --------------------------------------------------------------------

    async def create(self, request: Request, user: User, account: int) -> Response:
        given = await body_of(request)
        inbox = INBOXES.get(int(given.get("inbox_id") or 0))
        if inbox is None or inbox.account_id != account:
            raise errors.chatwoot(404, "Resource could not be found")
        person = self.desk.contact_by_source(inbox.id, str(given.get("source_id") or "")) or self.desk.contacts.get(
            int(given.get("contact_id") or 0)
        )
        if person is None or person["account_id"] != account:
            raise errors.chatwoot(404, "Resource could not be found")
        person["sources"].setdefault(str(inbox.id), f"{person['id']}-{inbox.id}")
        self.desk.save_contact(person)
        doc, events = self.desk.new_conversation(person, inbox.id, given)
        if isinstance(given.get("message"), dict):
            events += self.desk.add_message(doc, given["message"], user, OUTGOING)[1]
        self.hooks.announce(events)
        return JSONResponse(shapes.conversation(self.desk, doc, webhook=False))

    async def post_message(self, request: Request, user: User, account: int) -> Response:
        doc = self._one(request, account)
        given = await body_of(request)
        kind = given.get("message_type") or "outgoing"
        if kind == "incoming" and INBOXES[doc["inbox_id"]].channel != "Channel::Api":
            raise errors.chatwoot(422, "Incoming messages are only allowed in Api inboxes")
        given["private"] = str(given.get("private", False)).lower() == "true"
        sender: Doc | User = self.desk.contacts[doc["contact_id"]] if kind == "incoming" else user
        message, events = self.desk.add_message(doc, given, sender, INCOMING if kind == "incoming" else OUTGOING)
        self.hooks.announce(events)
        shape = shapes.message(self.desk, message)
        if "echo_id" in given:
            shape["echo_id"] = given["echo_id"]  # echoed here and never stored
        return JSONResponse(shape)

    async def delete_message(self, request: Request, user: User, account: int) -> Response:
        doc = self._one(request, account)
        self.hooks.announce(self.desk.delete_message(doc, request.path_params["message"]))
        return Response(status_code=200)

    async def toggle_status(self, request: Request, user: User, account: int) -> Response:
        doc = self._one(request, account)
        given = await body_of(request)
        status = given.get("status") or ("resolved" if doc["status"] == "open" else "open")
        if status not in STATUSES:
            raise errors.chatwoot(422, f"'{status}' is not a valid status")
        until = given.get("snoozed_until") if status == "snoozed" else None
        events = self.desk.change(doc, status=status, snoozed_until=until)
        if status == "open" and user.role == "agent":
            events += self.desk.change(doc, assignee_id=user.id, assignee_type="User")
        if events:
            self.desk.note_activity(doc, f"Conversation was marked {status} by {user.name}")
        self.hooks.announce(events)
        payload = {
            "success": True,
            "conversation_id": doc["display_id"],
            "current_status": status,
            "snoozed_until": until,
        }
        return JSONResponse({"meta": {}, "payload": payload})

    async def toggle_priority(self, request: Request, user: User, account: int) -> Response:
        doc = self._one(request, account)
        priority = (await body_of(request)).get("priority")
        if priority not in PRIORITIES:
            raise errors.chatwoot(422, f"'{priority}' is not a valid priority")
        self.hooks.announce(self.desk.change(doc, priority=priority))
        return Response(status_code=200)

    async def typing(self, request: Request, user: User, account: int) -> Response:
        self._one(request, account)
        return Response(status_code=200)

    async def assign(self, request: Request, user: User, account: int) -> Response:
        doc = self._one(request, account)
        given = await body_of(request)
        if "team_id" in given and "assignee_id" not in given:
            found = team(int(given["team_id"] or 0))
            self.hooks.announce(self.desk.change(doc, team_id=found["id"] if found else None))
            return JSONResponse(found)
        person = USERS.get(int(given.get("assignee_id") or 0))
        if person is None or person.account_id != account:
            person = None  # unknown people do not fail: they unassign
        kind = None if person is None else "AgentBot" if person.role == "bot" else "User"
        events = self.desk.change(doc, assignee_id=person.id if person else None, assignee_type=kind)
        if events:
            self.desk.note_activity(
                doc,
                f"Assigned to {person.name} by {user.name}" if person else f"Conversation unassigned by {user.name}",
            )
        self.hooks.announce(events)
        return JSONResponse(agent_shape(person) if person else None)

    async def custom_attributes(self, request: Request, user: User, account: int) -> Response:
        doc = self._one(request, account)
        wanted = (await body_of(request)).get("custom_attributes") or {}
        self.hooks.announce(self.desk.change(doc, custom_attributes=wanted))
        return JSONResponse({"custom_attributes": doc["custom_attributes"]})

    async def labels(self, request: Request, user: User, account: int) -> Response:
        return JSONResponse({"payload": self._one(request, account)["labels"]})

    async def set_labels(self, request: Request, user: User, account: int) -> Response:
        doc = self._one(request, account)
        wanted = [str(label) for label in (await body_of(request)).get("labels") or []]
        self.hooks.announce(self.desk.change(doc, labels=wanted))
        return JSONResponse({"payload": doc["labels"]})

    # --- administration -------------------------------------------------------------

    async def webhooks(self, request: Request, user: User, account: int) -> Response:
        return JSONResponse({"payload": {"webhooks": self.hooks.of_account(account)}})

    async def new_webhook(self, request: Request, user: User, account: int) -> Response:
        hook = self.hooks.create(account, await _webhook(request))
        return JSONResponse({"payload": {"webhook": hook}})

    async def webhook(self, request: Request, user: User, account: int) -> Response:
        if request.method == "DELETE":
            self.hooks.delete(account, request.path_params["hook"])
            return Response(status_code=200)
        hook = self.hooks.update(account, request.path_params["hook"], await _webhook(request))
        return JSONResponse({"payload": {"webhook": hook}})

    async def agents(self, request: Request, user: User, account: int) -> Response:
        return JSONResponse([agent_shape(u) for u in USERS.values() if u.account_id == account and u.role != "bot"])

    async def inboxes(self, request: Request, user: User, account: int) -> Response:
        found = [i for i in INBOXES.values() if i.account_id == account]
        shown = [
            {"id": i.id, "name": i.name, "channel_type": i.channel, "inbox_identifier": i.identifier} for i in found
        ]
        return JSONResponse({"payload": shown})

    async def teams(self, request: Request, user: User, account: int) -> Response:
        return JSONResponse(shapes.teams(account))


async def _webhook(request: Request) -> dict[str, Any]:
    given = await body_of(request)
    inner = given.get("webhook")
    return inner if isinstance(inner, dict) else given
