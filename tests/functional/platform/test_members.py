"""Members: roles have a ceiling, somebody always owns the place, and removal works at once."""

from threading import Thread
from uuid import UUID, uuid4

from sidedesk.platform import members
from sidedesk.platform.db import Database
from sidedesk.platform.errors import DomainError
from sidedesk.platform.identity import mint_local_token
from sidedesk.platform.members import MemberChange
from tests.support.lambdas import client
from tests.support.world import ISSUER, JWT_SECRET, World

URL = "/api/members"


def ids(world: World) -> dict[str, str]:
    rows = world.sql("SELECT email, id FROM members WHERE tenant_id = %s", (world.northwind.id,))
    return {email.split("@")[0]: str(row_id) for email, row_id in rows}


def test_invited_listed_paged_and_repeated(world: World) -> None:
    call = client("platform/admin_api")
    admin = world.northwind.tokens["admin"]
    body = {"email": "New.Person@Northwind.example", "name": "New Person", "role": "member"}
    made = call("POST", URL, body=body, token=admin, headers={"Idempotency-Key": "one"})
    again = call("POST", URL, body=body, token=admin, headers={"Idempotency-Key": "one"})
    assert made.status == 200
    assert made.json["status"] == "invited"
    assert again.json["id"] == made.json["id"]
    assert call("POST", URL, body=body, token=admin).json["code"] == "already_member"
    seen: list[str] = []
    cursor = ""
    while True:
        page = call("GET", f"{URL}?limit=2&cursor={cursor}", token=admin).json
        seen += [row["email"] for row in page["data"]]
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert seen == sorted(seen)
    assert "new.person@northwind.example" in seen
    assert len(seen) == 6


def test_nobody_gives_or_takes_above_their_own_role(world: World) -> None:
    call = client("platform/admin_api")
    admin, member = world.northwind.tokens["admin"], world.northwind.tokens["member"]
    known = ids(world)
    new = {"email": "x@y.example", "role": "owner"}
    assert call("POST", URL, body=new, token=admin).json["code"] == "above_own_role"
    assert call("POST", URL, body=new, token=member).status == 403
    for who in ("admin", "member"):
        assert call("PUT", f"{URL}/{known[who]}", body={"role": "owner"}, token=admin).status == 403
    assert call("PUT", f"{URL}/{known['owner']}", body={"role": "viewer"}, token=admin).status == 403
    assert call("DELETE", f"{URL}/{known['owner']}", token=admin).status == 403
    assert call("PUT", f"{URL}/{known['member']}", body={"role": "admin"}, token=admin).json["role"] == "admin"


def test_the_last_owner_stays(world: World) -> None:
    call = client("platform/admin_api")
    owner = world.northwind.tokens["owner"]
    known = ids(world)
    assert call("DELETE", f"{URL}/{known['owner']}", token=owner).json["code"] == "last_owner"
    assert call("PUT", f"{URL}/{known['owner']}", body={"role": "admin"}, token=owner).json["code"] == "last_owner"
    assert call("PUT", f"{URL}/{known['admin']}", body={"role": "owner"}, token=owner).status == 200
    assert call("PUT", f"{URL}/{known['owner']}", body={"role": "admin"}, token=owner).status == 200


def test_two_owners_who_demote_each_other_leave_one(world: World) -> None:
    known = ids(world)
    world.sql("UPDATE members SET role = 'owner' WHERE tenant_id = %s AND role = 'admin'", (world.northwind.id,))
    refused: list[str] = []

    def demote(who: str) -> None:
        database = Database(lambda: world.app_url)
        try:
            members.change(database, world.northwind.scope("owner"), UUID(known[who]), MemberChange(role="viewer"))
        except DomainError as error:
            refused.append(error.code)
        finally:
            database.close()

    threads = [Thread(target=demote, args=(who,)) for who in ("owner", "admin")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    owners = world.sql("SELECT count(*) FROM members WHERE tenant_id = %s AND role = 'owner'", (world.northwind.id,))
    assert owners == [(1,)]
    assert len(refused) == 1


def test_removal_and_demotion_work_on_live_tokens(world: World) -> None:
    call, me = client("platform/admin_api"), client("platform/account_api")
    admin, known = world.northwind.tokens["admin"], ids(world)
    gone = world.northwind.tokens["member"]
    assert me("GET", "/api/me", token=gone).status == 200
    assert call("DELETE", f"{URL}/{known['member']}", token=admin).status == 200
    reply = me("GET", "/api/me", token=gone)
    assert (reply.status, reply.json["code"]) == (403, "membership_ended")
    assert call("DELETE", f"{URL}/{known['member']}", token=admin).status == 404
    owner = world.northwind.tokens["owner"]
    assert call("PUT", f"{URL}/{known['admin']}", body={"role": "viewer"}, token=owner).status == 200
    reply = call("GET", URL, token=admin)
    assert (reply.status, reply.json["code"]) == (401, "role_changed")
    back = call("POST", URL, body={"email": "member@northwind.example", "role": "viewer"}, token=owner)
    assert (back.status, back.json["status"]) == (200, "active")
    person = world.northwind.users["member"]
    fresh = mint_local_token(
        secret=JWT_SECRET, issuer=ISSUER, tenant_id=world.northwind.id, user_id=UUID(person.user_id), email=person.email,
        name="", role="viewer", seconds=60,
    )  # fmt: skip
    assert me("GET", "/api/me", token=fresh).status == 200


def test_an_invited_person_is_bound_at_the_first_visit_and_can_be_removed_before(world: World) -> None:
    call, me = client("platform/admin_api"), client("platform/account_api")
    admin = world.northwind.tokens["admin"]

    def session(email: str, user: UUID) -> str:
        return mint_local_token(
            secret=JWT_SECRET, issuer=ISSUER, tenant_id=world.northwind.id, user_id=user, email=email, name="N", role="member", seconds=60
        )  # fmt: skip

    came, never = uuid4(), uuid4()
    for email in ("came@northwind.example", "never@northwind.example"):
        assert call("POST", URL, body={"email": email, "role": "member"}, token=admin).status == 200
    assert me("GET", "/api/me", token=session("Came@northwind.example", came)).status == 200
    bound = world.sql("SELECT user_id, status FROM members WHERE email = 'came@northwind.example'")
    assert bound == [(str(came), "active")]
    assert call("DELETE", f"{URL}/{ids(world)['never']}", token=admin).status == 200
    assert me("GET", "/api/me", token=session("never@northwind.example", never)).json["code"] == "membership_ended"


def test_other_tenants_members_do_not_exist(world: World) -> None:
    call, known = client("platform/admin_api"), ids(world)
    stranger = world.contoso.tokens["owner"]
    assert call("PUT", f"{URL}/{known['member']}", body={"role": "viewer"}, token=stranger).status == 404
    assert call("DELETE", f"{URL}/{known['member']}", token=stranger).status == 404
    emails = [row["email"] for row in call("GET", URL, token=stranger).json["data"]]
    assert all(email.endswith("@contoso.example") for email in emails)
