"""People look at audits: their own, or all; they contest, decide and mark."""

from typing import Any

import pytest

from tests.support.audits import BAD, GOOD, Audits
from tests.support.lambdas import client


@pytest.fixture
def call() -> Any:
    return client("audits/audits_api")


def audited(audits: Audits) -> tuple[str, str]:
    """(the audited person's audit, somebody else's)."""
    job_id, ids = audits.running(2)
    audits.callback([audits.result(job_id, ids[0], "c1", ai_scorecard_data=BAD), audits.result(job_id, ids[1], "c2")])
    rows = audits.world.sql("SELECT id FROM audit_assignments ORDER BY conversation_id")
    return str(rows[0][0]), str(rows[1][0])


def test_an_audited_person_sees_only_their_own(audits: Audits, call: Any) -> None:
    mine, others = audited(audits)
    token = audits.tenant.tokens["audited"]
    assert [row["id"] for row in call("GET", "/api/audits", token=token).json["data"]] == [mine]
    audit = call("GET", f"/api/audits/{mine}", token=token).json
    assert (audit["mine"], audit["may_dispute"], audit["verdict"]) == (True, True, "failed")
    assert [criterion["value"] for criterion in audit["criteria"]] == ["no", 1, 2]
    assert call("GET", f"/api/audits/{others}", token=token).status == 404
    assert call("GET", f"/api/audits/{mine}", token=audits.tenant.tokens["viewer"]).status == 404
    assert call("GET", f"/api/audits/{mine}", token=audits.world.contoso.tokens["owner"]).status == 404
    assert len(call("GET", "/api/audits", token=audits.tenant.tokens["member"]).json["data"]) == 2


def test_a_dispute_changes_the_record_and_keeps_what_the_ai_said(audits: Audits, call: Any) -> None:
    mine, _ = audited(audits)
    reason = {"reason": "I greeted in the very first line, look at it.", "criteria": ["greeting"]}
    dispute = call("POST", f"/api/audits/{mine}/dispute", body=reason, token=audits.tenant.tokens["audited"])
    assert dispute.status == 201, dispute.text
    again = call("POST", f"/api/audits/{mine}/dispute", body=reason, token=audits.tenant.tokens["audited"])
    assert (again.status, again.json["code"]) == (409, "already_disputed")
    decision = {
        "decision": "accepted",
        "resolution": "You did greet.",
        "changes": {"greeting": "yes", "accuracy": 5, "empathy": 4},
    }
    url = f"/api/disputes/{dispute.json['id']}/resolve"
    assert call("POST", url, body=decision, token=audits.tenant.tokens["member"]).status == 403
    assert call("POST", url, body=decision, token=audits.tenant.tokens["admin"]).json["status"] == "accepted"
    assert call("POST", url, body=decision, token=audits.tenant.tokens["owner"]).json["code"] == "dispute_closed"
    audit = call("GET", f"/api/audits/{mine}", token=audits.tenant.tokens["audited"]).json
    assert (audit["verdict"], audit["ai_verdict"], audit["ai_score"]) == ("passed", "failed", 26.67)
    assert (audit["criteria"][0]["value"], audit["criteria"][0]["ai_value"]) == ("yes", "no")
    kinds = audits.world.sql("SELECT kind, recipient FROM notifications ORDER BY kind, recipient")
    assert kinds == [
        ("audit_dispute", "admin@northwind.example"),
        ("audit_dispute", "owner@northwind.example"),
        ("audit_dispute_resolved", "ana.petrovic@northwind.example"),
    ]


def test_only_the_person_it_is_about_disputes(audits: Audits, call: Any) -> None:
    mine, _ = audited(audits)
    body = {"reason": "I would have judged this differently."}
    assert call("POST", f"/api/audits/{mine}/dispute", body=body, token=audits.tenant.tokens["admin"]).status == 403
    short = call("POST", f"/api/audits/{mine}/dispute", body={"reason": "no"}, token=audits.tenant.tokens["audited"])
    assert (short.status, short.json["details"][0]["field"]) == (400, "reason")
    odd = {"reason": "I would have judged this differently.", "criteria": ["haircut"]}
    assert call("POST", f"/api/audits/{mine}/dispute", body=odd, token=audits.tenant.tokens["audited"]).status == 400


def test_reviews_feed_calibration(audits: Audits, call: Any) -> None:
    mine, others = audited(audits)
    admin = audits.tenant.tokens["admin"]
    odd = call("POST", f"/api/audits/{mine}/review", body={"marks": {"empathy": 9, "hair": 1}}, token=admin)
    assert {detail["field"] for detail in odd.json["details"]} == {"marks.empathy", "marks.hair"}
    assert call("POST", f"/api/audits/{mine}/review", body={"marks": BAD}, token=admin).status == 201
    assert (
        call("POST", f"/api/audits/{others}/review", body={"marks": GOOD | {"empathy": 3}}, token=admin).status == 201
    )
    seen = call("GET", "/api/audits/calibration", token=audits.tenant.tokens["member"]).json
    by_name = {one["criterion"]: one for one in seen["criteria"]}
    assert (seen["pairs"], seen["audits"]) == (6, 2)
    assert (by_name["greeting"]["exact_percent"], by_name["greeting"]["weighted_kappa"]) == (100.0, 1.0)
    assert (by_name["empathy"]["exact_percent"], by_name["empathy"]["bias"]) == (50.0, 0.1)
    assert len(seen["drift"]) == 1


def test_a_person_publishes_a_held_audit_with_their_own_marks(audits: Audits, call: Any) -> None:
    mine, others = audited(audits)
    audits.world.sql(
        "UPDATE audit_assignments SET verdict = 'held', score = NULL, held_reason = 'looks steered' WHERE id = %s",
        (mine,),
    )
    admin, person = audits.tenant.tokens["admin"], audits.tenant.tokens["audited"]
    assert call("GET", f"/api/audits/{mine}", token=person).status == 404
    url = f"/api/audits/{mine}/review"
    some = call("POST", url, body={"marks": {"empathy": 4}, "publish": True}, token=admin)
    assert (some.status, some.json["details"][0]["field"]) == (400, "marks")
    assert call("POST", url, body={"marks": GOOD, "publish": True}, token=admin).status == 201
    audit = call("GET", f"/api/audits/{mine}", token=person).json
    assert (audit["verdict"], audit["held_reason"], audit["ai_verdict"]) == ("passed", None, "held")
    refused = call("POST", f"/api/audits/{others}/review", body={"marks": GOOD, "publish": True}, token=admin)
    assert refused.json["code"] == "not_held"
