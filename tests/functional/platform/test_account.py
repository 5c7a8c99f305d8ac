"""Who am I, and what should I know: through the real handler and a real database."""

from sidedesk.platform import notifications
from sidedesk.platform.notifications import Notice
from tests.support.lambdas import client
from tests.support.world import World


def tell(world: World, recipient: str, *keys: str) -> None:
    notices = [Notice(recipient, "test", f"About {key}", "", "#/audits", key) for key in keys]
    with world.database.batch(world.northwind.system) as batch:
        batch.values(*notifications.add(notices))


def test_me_names_person_rights_and_tenant(world: World) -> None:
    reply = client("platform/account_api")("GET", "/api/me", token=world.northwind.tokens["member"])
    assert reply.status == 200
    assert reply.json["email"] == "member@northwind.example"
    assert reply.json["tenant"] == {"id": str(world.northwind.id), "name": "Northwind", "timezone": "Europe/Berlin"}
    assert "audits.run" in reply.json["permissions"]
    assert "settings.write" not in reply.json["permissions"]


def test_notifications_are_told_once_and_page_through(world: World) -> None:
    for _ in range(2):
        tell(world, "Member@northwind.example", "a", "b", "c")
    call = client("platform/account_api")
    token = world.northwind.tokens["member"]
    first = call("GET", "/api/notifications?limit=2", token=token).json
    second = call("GET", f"/api/notifications?limit=2&cursor={first['next_cursor']}", token=token).json
    assert len(first["data"]) == 2
    assert len(second["data"]) == 1
    assert second["next_cursor"] is None
    assert call("GET", "/api/me", token=token).json["unread_notifications"] == 3


def test_reading_is_mine_alone(world: World) -> None:
    tell(world, "member@northwind.example", "a")
    call = client("platform/account_api")
    mine, theirs = world.northwind.tokens["member"], world.northwind.tokens["admin"]
    row = call("GET", "/api/notifications", token=mine).json["data"][0]
    assert call("POST", f"/api/notifications/{row['id']}/read", token=theirs).status == 404
    assert call("POST", f"/api/notifications/{row['id']}/read", token=world.contoso.tokens["member"]).status == 404
    assert call("POST", f"/api/notifications/{row['id']}/read", token=mine).status == 200
    assert call("GET", "/api/notifications?unread=true", token=mine).json["data"] == []


def test_a_forged_cursor_is_a_bad_request(world: World) -> None:
    call = client("platform/account_api")
    for cursor in ("nonsense", "W10", "WzEsMl0"):
        reply = call("GET", f"/api/notifications?cursor={cursor}", token=world.northwind.tokens["member"])
        assert reply.status == 400, cursor
        assert reply.json["success"] is False
