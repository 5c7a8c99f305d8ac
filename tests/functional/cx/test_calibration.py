"""Graders on a gold set: blind, once, and compared."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from sidedesk.cx import lifecycle
from tests.support.cx import Cx, ago
from tests.support.lambdas import Reply, client
from tests.support.world import World

GRADES = {"tone": 4, "accuracy": 3, "policy": 5}
ITEM = {
    "customer_message": "Where is it?",
    "reply": "On its way.",
    "grades": {"tone": 3, "accuracy": 5, "policy": 5},
    "why": "Short.",
}


class Desk(Cx):
    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.call = client("cx/cx_api")

    def get(self, role: str = "member", path: str = "") -> Any:
        reply = self.call("GET", f"/api/cx/calibration{path}", token=self.tenant.tokens[role])
        assert reply.status == 200, reply.text
        return reply.json

    def add(self, role: str = "admin", **body: Any) -> Reply:
        return self.call("POST", "/api/cx/calibration/items", body=body, token=self.tenant.tokens[role])

    def grade(self, item: str, role: str = "member", **marks: int) -> Reply:
        return self.call(
            "POST", f"/api/cx/calibration/{item}/grades", body=GRADES | marks, token=self.tenant.tokens[role]
        )


@pytest.fixture
def desk(world: World) -> Desk:
    return Desk(world)


def test_an_item_is_graded_blind_and_once(desk: Desk) -> None:
    item = desk.add(**ITEM)
    assert item.status == 201, item.text
    found = desk.get()
    assert (found["items"], found["graded"], found["agreement"]) == (1, 0, [])
    assert found["next"] == [{"id": item.json["id"], "customer_message": "Where is it?", "reply": "On its way."}]
    done = desk.grade(item.json["id"])
    assert done.status == 201, done.text
    assert (done.json["item"]["why"], done.json["difference"]) == ("Short.", {"tone": 1, "accuracy": -2, "policy": 0})
    again = desk.grade(item.json["id"], tone=3, accuracy=5)
    assert (again.status, again.json["code"]) == (409, "already_graded")
    assert (desk.get()["graded"], desk.get()["next"]) == (1, [])
    assert len(desk.get("admin")["next"]) == 1
    assert desk.world.sql("SELECT tone FROM cx_gold_grades") == [(4,)]


def test_agreement_of_each_reviewer(desk: Desk) -> None:
    gold = [(5, 5, 5), (1, 2, 3), (3, 3, 3)]
    items = [
        desk.add(**ITEM | {"grades": dict(zip(("tone", "accuracy", "policy"), marks, strict=True))}).json["id"]
        for marks in gold
    ]
    for item, (tone, accuracy, policy) in zip(items, gold, strict=True):
        desk.grade(item, tone=tone, accuracy=min(5, accuracy + 1), policy=policy)
        desk.grade(item, "owner", tone=3, accuracy=3, policy=3)
    [mine] = desk.get()["agreement"]
    assert mine["reviewer"] == "member@northwind.example"
    assert (mine["tone"]["exact_percent"], mine["tone"]["weighted_kappa"]) == (100, 1)
    assert (mine["accuracy"]["exact_percent"], mine["accuracy"]["within_one_percent"]) == (33.3, 100)
    assert mine["accuracy"]["mean_difference"] == 0.67
    everybody = {one["reviewer"]: one for one in desk.get("admin")["agreement"]}
    assert set(everybody) == {"member@northwind.example", "owner@northwind.example"}
    assert everybody["owner@northwind.example"]["tone"]["weighted_kappa"] == 0


def test_straight_lining_is_said(desk: Desk) -> None:
    desk.world.sql(
        """UPDATE tenants SET options = '{"cx": {"straight_lining_alert": 3}}' WHERE id = %s""", (desk.tenant.id,)
    )
    for minutes, tone in ((9, 1), (8, 5), (7, 5)):
        desk.grading(desk.draft(desk.conversation()), tone=tone, graded_at=ago(minutes=minutes))
    assert desk.get()["straight_lining"] == []
    desk.grading(desk.draft(desk.conversation()), graded_at=ago(minutes=1))
    [said] = desk.get()["straight_lining"]
    assert (said["reviewer"], said["gradings"], said["marks"]["tone"]) == ("member@northwind.example", 3, 5)
    assert len(desk.get("admin")["straight_lining"]) == 1
    assert desk.get("owner")["straight_lining"] == desk.get("admin")["straight_lining"]


def test_a_graded_draft_becomes_an_item_without_the_people_in_it(desk: Desk) -> None:
    talk = desk.conversation()
    desk.message(talk, "Hello", author="Mia Berg", direction="outgoing")
    draft = desk.draft(
        talk, customer_message="I am Dana Whitfield, dana@example.com. Where is my parcel? Mia said today."
    )
    refused = desk.add(draft_id=str(draft))
    assert (refused.status, refused.json["code"]) == (409, "not_graded")
    desk.grading(draft, 2, 3, 4, draft_reply="Dear Dana, it is on its way. Call +49 30 5550 1234. Mia")
    item = desk.add(draft_id=str(draft), why="Good example")
    assert item.status == 201, item.text
    text = item.json["customer_message"] + item.json["reply"]
    assert not any(word in text for word in ("Dana", "Whitfield", "dana@", "Mia", "5550"))
    assert (item.json["tone"], item.json["accuracy"], item.json["policy"]) == (2, 3, 4)
    better = desk.add(draft_id=str(draft), grades={"tone": 5, "accuracy": 5, "policy": 5})
    assert better.json["tone"] == 5


def test_bad_items_are_refused_by_name(desk: Desk) -> None:
    assert desk.add(customer_message="only this").status == 400
    assert desk.add(draft_id=str(uuid4()), reply="and this").status == 400
    assert desk.add(**ITEM | {"grades": {"tone": 6, "accuracy": 1, "policy": 1}}).status == 400
    assert desk.add("member", **ITEM).status == 403


def test_the_gold_set_is_the_admins_and_items_retire(desk: Desk) -> None:
    ids = [desk.add(**ITEM).json["id"] for _ in range(3)]
    desk.grade(ids[0])
    assert desk.call("GET", "/api/cx/calibration/items", token=desk.tenant.tokens["member"]).status == 403
    page = desk.get("admin", "/items?limit=2")
    rest = desk.get("admin", f"/items?limit=2&cursor={page['next_cursor']}")
    assert [one["id"] for one in page["data"] + rest["data"]] == ids[::-1]
    retired = desk.call("DELETE", f"/api/cx/calibration/items/{ids[0]}", token=desk.tenant.tokens["admin"])
    assert retired.status == 200, retired.text
    assert desk.call("DELETE", f"/api/cx/calibration/items/{ids[0]}", token=desk.tenant.tokens["admin"]).status == 404
    assert (desk.get()["items"], desk.get()["graded"]) == (2, 0)
    assert desk.grade(ids[0], "owner").status == 404
    assert desk.get()["agreement"][0]["items"] == 1


def test_another_organisations_items_are_not_there(desk: Desk) -> None:
    item = desk.add(**ITEM).json["id"]
    token = desk.world.contoso.tokens["admin"]
    assert desk.call("POST", f"/api/cx/calibration/{item}/grades", body=GRADES, token=token).status == 404
    assert desk.call("GET", "/api/cx/calibration", token=token).json["items"] == 0
    draft = desk.draft(desk.conversation())
    desk.grading(draft)
    body = {"draft_id": str(draft)}
    assert desk.call("POST", "/api/cx/calibration/items", body=body, token=token).json["code"] == "not_graded"


def test_the_same_wish_makes_one_item(desk: Desk) -> None:
    options = {"body": ITEM, "token": desk.tenant.tokens["admin"], "headers": {"Idempotency-Key": "one"}}
    assert (
        desk.call("POST", "/api/cx/calibration/items", **options).json
        == desk.call("POST", "/api/cx/calibration/items", **options).json
    )
    assert desk.get()["items"] == 1


def test_a_new_organisation_starts_with_a_gold_set(desk: Desk) -> None:
    for _ in range(2):
        lifecycle.seed_tenant(desk.world.database, desk.tenant.system)
    assert desk.get()["items"] == 8
    marks = {tuple(row) for row in desk.world.sql("SELECT tone, accuracy, policy FROM cx_gold_items")}
    assert len(marks) == 8
