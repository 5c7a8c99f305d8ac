"""Nothing unreviewed reaches a customer: the code has one way out, and an approval with grades stands in it.

The schema holds the same promise again; tests/functional/cx/test_promises.py tries to break it there.
"""

from __future__ import annotations

import ast
import re

from tests.unit.structure.sources import ROOT, Source, functions, shared

QUERIES = (ROOT / "shared/sidedesk/cx/queries.sql").read_text(encoding="utf-8")


def calls(name: str) -> set[tuple[str, str]]:
    """(file, function) of everything that calls something of this name."""
    found = set()
    for source in [*shared(), *functions()]:
        for function in ast.walk(source.tree):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                for node in ast.walk(function):
                    if isinstance(node, ast.Call) and _name(node.func) == name:
                        found.add((_file(source), function.name))
    return found


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _file(source: Source) -> str:
    return str(source.path.relative_to(ROOT))


def uses_statement(name: str) -> set[tuple[str, str]]:
    """(file, function) of everything that runs a statement of the pipeline."""
    found = set()
    for source in shared():
        for function in ast.walk(source.tree):
            if isinstance(function, ast.FunctionDef):
                for node in ast.walk(function):
                    if (
                        isinstance(node, ast.Subscript)
                        and isinstance(node.slice, ast.Constant)
                        and node.slice.value == name
                    ):
                        found.add((_file(source), function.name))
    return found


def test_one_place_writes_public_messages() -> None:
    """The client's `send_reply` is called by the sender alone, and nothing else posts a message that is not private."""
    posting = "shared/sidedesk/cx/posting.py"
    assert {place for place in calls("send_reply") if not place[0].startswith("functions/")} == {
        (posting, "_post_reply")
    }
    assert calls("_post_reply") == {(posting, "send_reply")}
    public = {
        (_file(source), node.lineno)
        for source in [*shared(), *functions()]
        for node in ast.walk(source.tree)
        if isinstance(node, ast.keyword) and node.arg == "private" and getattr(node.value, "value", None) is False
    }
    assert {file for file, _ in public} == {"shared/sidedesk/clients/chatwoot.py"}
    assert len(public) == 1
    assert calls("_post_message") == {
        ("shared/sidedesk/clients/chatwoot.py", "post_note"),
        ("shared/sidedesk/clients/chatwoot.py", "send_reply"),
    }


def test_the_sender_posts_only_what_it_claimed_from_approved_replies() -> None:
    source = next(one for one in shared() if _file(one) == "shared/sidedesk/cx/posting.py")
    sender = next(
        node for node in ast.walk(source.tree) if isinstance(node, ast.FunctionDef) and node.name == "send_reply"
    )
    text = ast.unparse(sender)
    claim, post = text.index("SQL['claim_reply']"), text.index("_post_reply(")
    assert claim < text.index("if not claimed") < post
    assert "FROM cx_drafts" not in text


def test_a_reply_to_send_is_made_by_an_approval_alone() -> None:
    assert len(re.findall(r"INSERT INTO cx_replies\b", QUERIES)) == 1
    assert uses_statement("claim_sending") == {("shared/sidedesk/cx/approvals.py", "approve")}
    everywhere = [path.read_text(encoding="utf-8") for path in (ROOT / "shared/sidedesk").rglob("*.sql")]
    assert sum(len(re.findall(r"INSERT INTO cx_replies\b", text)) for text in everywhere) == 1
    assert all(
        "INSERT INTO cx_replies" not in path.read_text(encoding="utf-8") for path in (ROOT / "shared").rglob("*.py")
    )


def test_an_approval_writes_its_grades_before_the_claim() -> None:
    source = next(one for one in shared() if _file(one) == "shared/sidedesk/cx/approvals.py")
    approve = next(
        node for node in ast.walk(source.tree) if isinstance(node, ast.FunctionDef) and node.name == "approve"
    )
    text = ast.unparse(approve)
    assert (
        text.index("_may_approve(") < text.index("_flags(") < text.index("_grade(") < text.index("SQL['claim_sending']")
    )
    assert "with database.transaction" in text[: text.index("_grade(")]
