"""The client API: how a customer speaks. No token; the inbox identifier and the contact's source id are the keys."""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.sandbox import errors
from local.sandbox.chatwoot import shapes
from local.sandbox.chatwoot.desk import INCOMING, OUTGOING, Desk, Doc
from local.sandbox.chatwoot.people import INBOXES, Inbox
from local.sandbox.chatwoot.webhooks import Webhooks

_BASE = "/inboxes/{inbox}/contacts"


class PublicApi:
    def __init__(self, desk: Desk, hooks: Webhooks) -> None:
        self.desk = desk
        self.hooks = hooks

    def routes(self) -> list[Route]:
        one = _BASE + "/{source}"
        talk = one + "/conversations/{conversation:int}"
        return [
            Route(_BASE, self.create_contact, methods=["POST"]),
            Route(one, self.contact, methods=["GET", "PATCH"]),
            Route(one + "/conversations", self.conversations, methods=["GET", "POST"]),
            Route(talk, self.conversation, methods=["GET"]),
            Route(talk + "/toggle_status", self.toggle, methods=["POST"]),
            Route(talk + "/update_last_seen", self.seen, methods=["POST"]),
            Route(talk + "/messages", self.messages, methods=["GET", "POST"]),
        ]

    async def create_contact(self, request: Request) -> Response:
        inbox = self._inbox(request)
        return JSONResponse(
            self._contact(self.desk.new_contact(inbox.account_id, inbox.id, await body_of(request)), inbox)
        )

    async def contact(self, request: Request) -> Response:
        inbox = self._inbox(request)
        person = self._person(request, inbox)
        if request.method == "PATCH":
            given = await body_of(request)
            person.update(
                {
                    k: given[k]
                    for k in ("name", "email", "phone_number", "identifier", "custom_attributes")
                    if k in given
                }
            )
            self.desk.save_contact(person)
        return JSONResponse(self._contact(person, inbox))

    async def conversations(self, request: Request) -> Response:
        inbox = self._inbox(request)
        person = self._person(request, inbox)
        if request.method == "POST":
            doc, events = self.desk.new_conversation(person, inbox.id, await body_of(request))
            self.hooks.announce(events)
            return JSONResponse(self._conversation(doc))
        found = [
            c for c in self.desk.conversations.values() if c["contact_id"] == person["id"] and c["inbox_id"] == inbox.id
        ]
        return JSONResponse([self._conversation(c) for c in found])

    async def conversation(self, request: Request) -> Response:
        return JSONResponse(self._conversation(self._talk(request)[0]))

    async def toggle(self, request: Request) -> Response:
        doc, _ = self._talk(request)
        self.hooks.announce(self.desk.change(doc, status="resolved" if doc["status"] != "resolved" else "open"))
        return JSONResponse(self._conversation(doc))

    async def seen(self, request: Request) -> Response:
        self._talk(request)
        return Response(status_code=200)

    async def messages(self, request: Request) -> Response:
        doc, person = self._talk(request)
        if request.method == "GET":
            return JSONResponse([self._message(m) for m in self.desk.thread(doc) if reaches_customer(m)])
        given = await body_of(request)
        said: Doc = {k: given[k] for k in ("content", "content_type", "content_attributes", "source_id") if k in given}
        message, events = self.desk.add_message(doc, said, person, INCOMING)
        self.hooks.announce(events)
        shape = self._message(message)
        if "echo_id" in given:
            shape["echo_id"] = given["echo_id"]
        return JSONResponse(shape)

    def _inbox(self, request: Request) -> Inbox:
        wanted = request.path_params["inbox"]
        found = next((i for i in INBOXES.values() if i.identifier == wanted), None)
        if found is None:
            raise errors.chatwoot(404, "Resource could not be found")
        return found

    def _person(self, request: Request, inbox: Inbox) -> Doc:
        found = self.desk.contact_by_source(inbox.id, request.path_params["source"])
        if found is None:
            raise errors.chatwoot(404, "Resource could not be found")
        return found

    def _talk(self, request: Request) -> tuple[Doc, Doc]:
        inbox = self._inbox(request)
        person = self._person(request, inbox)
        doc = self.desk.conversation(inbox.account_id, request.path_params["conversation"])
        if doc["contact_id"] != person["id"] or doc["inbox_id"] != inbox.id:
            raise errors.chatwoot(404, "Resource could not be found")
        return doc, person

    @staticmethod
    def _contact(person: Doc, inbox: Inbox) -> Doc:
        shape = {k: person[k] for k in ("id", "name", "email", "phone_number")}
        return {"source_id": person["sources"][str(inbox.id)], "pubsub_token": "sandbox", **shape}

    def _conversation(self, doc: Doc) -> Doc:
        return {
            "id": doc["display_id"],
            "uuid": doc["uuid"],
            "inbox_id": doc["inbox_id"],
            "status": doc["status"],
            "contact_last_seen_at": doc["contact_last_seen_at"],
            "agent_last_seen_at": doc["agent_last_seen_at"],
            "messages": [self._message(m) for m in self.desk.thread(doc) if reaches_customer(m)],
            "contact": shapes.contact(self.desk.contacts[doc["contact_id"]]),
        }

    def _message(self, doc: Doc) -> Doc:
        shape = shapes.message(self.desk, doc)
        return {k: v for k, v in shape.items() if k not in ("private", "inbox_id", "source_id")}


def reaches_customer(message: Doc) -> bool:
    """Notes stay inside; an outgoing message with a source id counts as already sent by the channel and is not delivered."""
    if message["private"]:
        return False
    return message["message_type"] == INCOMING or (message["message_type"] == OUTGOING and not message["source_id"])


async def body_of(request: Request) -> dict[str, Any]:
    if not await request.body():
        return {}
    if request.headers.get("content-type", "").startswith(("multipart/form-data", "application/x-www-form-urlencoded")):
        async with request.form() as form:
            return {k: v for k, v in form.multi_items() if isinstance(v, str)}
    try:
        body = json.loads(await request.body())
    except ValueError:
        raise errors.chatwoot(400, "There was a problem in the JSON you submitted") from None
    return body if isinstance(body, dict) else {}
