"""A/B of prompts: one at a time, of prompts that exist, and a verdict that says no more than it knows."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from sidedesk.cx import experiments, trials
from tests.support.cx import Cx
from tests.support.lambdas import Reply, client
from tests.support.world import World

VARIANTS = [{"name": "plain", "prompt_version": 1, "share": 0.5}, {"name": "short", "prompt_version": 2, "share": 0.5}]


class Lab(Cx):
    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.call = client("cx/cx_api")

    def start(self, role: str = "admin", key: str | None = None, **changes: Any) -> Reply:
        body = {"name": "Answer first", "hypothesis": "Shorter is edited less.", "variants": VARIANTS, **changes}
        headers = {"Idempotency-Key": key} if key else {}
        return self.call("POST", "/api/cx/experiments", body=body, token=self.tenant.tokens[role], headers=headers)

    def stop(self, which: str, role: str = "admin", **body: Any) -> Reply:
        return self.call("POST", f"/api/cx/experiments/{which}/stop", body=body, token=self.tenant.tokens[role])

    def shown(self) -> list[dict[str, Any]]:
        reply = self.call("GET", "/api/cx/experiments", token=self.tenant.tokens["member"])
        assert reply.status == 200, reply.text
        return list(reply.json["data"])

    def outcomes(self, experiment: str, variant: str, kind: str, count: int, **values: Any) -> None:
        """Drafts of a variant and what became of them."""
        talk = self.conversation()
        for _ in range(count):
            status = {"approved": "sent"}.get(kind, kind)
            draft = self.draft(talk, experiment_id=UUID(experiment), variant=variant, status=status)
            self.signal(talk, kind, draft, experiment_id=UUID(experiment), variant=variant, **values)


@pytest.fixture
def lab(world: World) -> Lab:
    return Lab(world)


def test_one_experiment_at_a_time(lab: Lab) -> None:
    made = lab.start(key="a")
    assert made.status == 201, made.text
    assert (made.json["running"], made.json["outcomes"][0]["approval_rate"]["percent"]) == (True, None)
    assert made.json["verdict"] == "Not enough replies yet: plain needs 50 more, short needs 50 more."
    assert lab.start(key="a").json["id"] == made.json["id"]
    second = lab.start()
    assert (second.status, second.json["code"]) == (409, "experiment_runs")
    stopped = lab.stop(made.json["id"], winner="short")
    assert (stopped.status, stopped.json["running"], stopped.json["winner"]) == (200, False, "short")
    assert lab.stop(made.json["id"]).json["code"] == "experiment_stopped"
    assert lab.start().status == 201
    assert [one["running"] for one in lab.shown()] == [True, False]


def test_the_drafter_finds_it_and_keeps_to_it(lab: Lab) -> None:
    database, scope = lab.world.database, lab.tenant.system
    assert experiments.running(database, scope) is None
    made = lab.start()
    found = experiments.running(database, scope)
    assert found is not None
    assert (str(found.id), [one.name for one in found.variants]) == (made.json["id"], ["plain", "short"])
    talk = uuid4()
    assert {experiments.assign(found, talk).name for _ in range(5)} < {"plain", "short"}
    assert experiments.running(database, lab.world.contoso.system) is None
    lab.stop(made.json["id"])
    assert experiments.running(database, scope) is None


@pytest.mark.parametrize(
    ("variants", "field"),
    [
        ([VARIANTS[0], VARIANTS[1] | {"prompt_version": 99}], "variants.1.prompt_version"),
        ([VARIANTS[0], VARIANTS[1] | {"share": 0.4}], "variants"),
        ([VARIANTS[0], VARIANTS[1] | {"name": "plain"}], "variants"),
        ([VARIANTS[0], VARIANTS[1] | {"prompt_version": 1}], "variants"),
        ([VARIANTS[0]], "variants"),
        ([VARIANTS[0], VARIANTS[1] | {"share": -0.5}], "variants.1.share"),
        ([VARIANTS[0], VARIANTS[1] | {"name": "Not a name"}], "variants.1.name"),
    ],
)
def test_what_cannot_be_tried_is_named(lab: Lab, variants: list[Any], field: str) -> None:
    refused = lab.start(variants=variants)
    assert refused.status == 400, refused.text
    assert field in [detail["field"].removeprefix("body.") for detail in refused.json["details"]]
    assert lab.shown() == []


def test_outcomes_are_counted_by_variant(lab: Lab) -> None:
    made = lab.start().json["id"]
    lab.outcomes(made, "plain", "approved", 40, edit_ratio=0.1, tone=5, accuracy=4, policy=5)
    lab.outcomes(made, "plain", "approved", 10, edit_ratio=0.6, tone=3, accuracy=4, policy=5)
    lab.outcomes(made, "plain", "rejected", 10, tone=1, accuracy=1, policy=1)
    lab.outcomes(made, "plain", "answered_manually", 5)
    lab.outcomes(made, "short", "approved", 3, edit_ratio=0)
    [found] = lab.shown()
    plain, short = found["outcomes"]
    assert (plain["drafts"], plain["sent"], plain["approved"], plain["rejected"], plain["answered_manually"]) == (
        65,
        50,
        50,
        10,
        5,
    )
    assert (plain["approval_rate"]["percent"], plain["approval_rate"]["of"]) == (83.3, 60)
    assert (plain["used_rate"]["percent"], plain["used_rate"]["of"]) == (61.5, 65)
    assert plain["used_rate"]["low"] < 61.5 < plain["used_rate"]["high"]
    assert (plain["edit_ratio"]["mean"], plain["edit_ratio"]["of"]) == (0.2, 50)
    assert plain["edit_ratio"]["low"] < 0.2 < plain["edit_ratio"]["high"]
    assert (plain["graded"], plain["tone"]) == (60, 4.0)
    assert (short["edit_ratio"]["mean"], short["edit_ratio"]["low"]) == (0, None)
    assert found["verdict"] == "Not enough replies yet: short needs 47 more."


def test_the_verdict_needs_a_clear_difference(lab: Lab) -> None:
    made = lab.start().json["id"]
    lab.outcomes(made, "plain", "approved", 40, edit_ratio=0.1)
    lab.outcomes(made, "plain", "rejected", 20)
    lab.outcomes(made, "short", "approved", 43, edit_ratio=0.1)
    lab.outcomes(made, "short", "rejected", 17)
    assert lab.shown()[0]["verdict"].startswith("No difference that chance could not make")
    lab.outcomes(made, "short", "approved", 60, edit_ratio=0.1)
    assert lab.shown()[0]["verdict"].startswith("short is better: 85.8 %")


def test_a_draft_that_was_approved_after_all_counts_once(lab: Lab) -> None:
    made = lab.start().json["id"]
    talk = lab.conversation()
    draft = lab.draft(talk, experiment_id=UUID(made), variant="plain", status="sent")
    for kind in ("regenerated", "approved"):
        lab.signal(talk, kind, draft, edit_ratio=0.1)
    plain = lab.shown()[0]["outcomes"][0]
    assert (plain["drafts"], plain["approved"], plain["regenerated"]) == (1, 1, 0)


def test_who_may_and_whose_it_is(lab: Lab) -> None:
    assert lab.start("member").status == 403
    made = lab.start().json["id"]
    assert lab.stop(made, "member").status == 403
    assert lab.stop(made, winner="nobody").json["details"][0]["field"] == "winner"
    foreign = lab.call("POST", f"/api/cx/experiments/{made}/stop", body={}, token=lab.world.contoso.tokens["admin"])
    assert foreign.status == 404
    assert lab.call("GET", "/api/cx/experiments", token=lab.world.contoso.tokens["admin"]).json["data"] == []
    [event] = lab.world.sql("SELECT user_id FROM audit_events WHERE event = 'cx.experiment_started'")
    assert event[0] == lab.tenant.users["admin"].user_id


def test_pages_and_the_prompts_to_try(lab: Lab) -> None:
    ids = []
    for _ in range(3):
        ids.append(lab.start().json["id"])
        lab.stop(ids[-1])
    token = lab.tenant.tokens["member"]
    page = lab.call("GET", "/api/cx/experiments?limit=2", token=token).json
    rest = lab.call("GET", f"/api/cx/experiments?limit=2&cursor={page['next_cursor']}", token=token).json
    assert [one["id"] for one in page["data"] + rest["data"]] == ids[::-1]
    assert page["prompt_versions"] == trials.prompt_versions() == [1, 2]
