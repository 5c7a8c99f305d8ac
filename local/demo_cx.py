"""`make demo-cx`: customers write, drafts appear with their sources, a person decides, one reply goes out each time.

Through the public doors only: the customer's client API, the help desk's API, ours. Starts the stack when it is not up.
"""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from local.demo import Api, stack

ROOT = Path(__file__).resolve().parent.parent
KNOWLEDGE = ROOT / "local" / "knowledge" / "northwind"
PATIENCE_SECONDS = 120
GRADES = {"tone": 5, "accuracy": 5, "policy": 5}
T = TypeVar("T")

# (who, how, what they write in one go, what the reviewer does)
CUSTOMERS: tuple[tuple[str, str, tuple[str, ...], str], ...] = (
    (
        "Dana Whitfield",
        "northwind-web",
        ("Hi!", "How long is the warranty on a pan?", "And what do you need from me?"),
        "approve",
    ),
    (
        "Leo Marchetti",
        "northwind-mail",
        ("My parcel arrived broken. I am really upset, this was a birthday present. What now?",),
        "edit",
    ),
    (
        "Priya Nair",
        "northwind-web",
        ("I have sent my order back. When does the refund arrive?",),
        "regenerate",
    ),
    (
        "Owen Blake",
        "northwind-web",
        ("Do you sell spare parts for a 1987 espresso machine of another brand?",),
        "reject",
    ),
)


def main() -> None:
    world = stack()
    admin, member = Api(world["api"], world["tokens"]["admin"]), Api(world["api"], world["tokens"]["member"])
    desk = Desk(world["sandbox"]["chatwoot"])
    learn_knowledge(admin)
    switch_on(admin)
    connected = admin.call("POST", "/api/cx/connect", {})
    print(f"Chatwoot delivers to {connected['webhook_url']}\n")
    talks = [(customer, desk.write(customer[0], customer[1], customer[2])) for customer in CUSTOMERS]
    print(f"{len(talks)} customers have written {sum(len(customer[2]) for customer in CUSTOMERS)} messages.")
    for (name, _, texts, does), talk in talks:
        draft = drafted(member, talk)
        note = until(lambda talk=talk: desk.note_of(talk), "the private note")  # type: ignore[misc]
        show(name, texts, draft, note)
        DECISIONS[does](member, desk, talk, draft)
    tile = member.call("GET", "/api/cx/tile")
    print(
        "\nThe tile: " + json.dumps({name: value for name, value in tile.items() if not isinstance(value, dict | list)})
    )
    print(f"\nOpen {world['console']}#/approvals and sign in as member.")


# The people ----------------------------------------------------------------------------------------------------------


class Desk:
    """Chatwoot from outside: a customer's client, and what an agent sees."""

    def __init__(self, base: str) -> None:
        self.public = f"{base}/public/api/v1/inboxes"
        self.account = f"{base}/api/v1/accounts/1"

    def write(self, name: str, inbox: str, texts: tuple[str, ...]) -> dict[str, Any]:
        email = f"{name.lower().replace(' ', '.')}.{int(time.time())}@mailbox.example"
        contact = ask("POST", f"{self.public}/{inbox}/contacts", {"name": name, "email": email})
        mine = f"{self.public}/{inbox}/contacts/{contact['source_id']}/conversations"
        talk = ask("POST", mine, {})
        for text in texts:
            ask("POST", f"{mine}/{talk['id']}/messages", {"content": text})
        return {"id": talk["id"], "mine": f"{mine}/{talk['id']}/messages"}

    def note_of(self, talk: dict[str, Any]) -> str | None:
        """What the team sees: our newest private note."""
        found = ask("GET", f"{self.account}/conversations/{talk['id']}/messages", token="sandbox-chatwoot")["payload"]
        return next((one["content"] for one in reversed(found) if one["private"]), None)

    def replies_to(self, talk: dict[str, Any]) -> list[str]:
        """What the customer sees of us."""
        return [one["content"] for one in ask("GET", talk["mine"]) if one["message_type"] == 1]


def ask(method: str, url: str, body: Any = None, token: str = "") -> Any:
    headers = {"Content-Type": "application/json"} | ({"api_access_token": token} if token else {})
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method), timeout=20) as answer:
        return json.load(answer)


# What must be there first --------------------------------------------------------------------------------------------


def learn_knowledge(admin: Api) -> None:
    """The shop's articles, once: what has not changed is recognised."""
    files = sorted(KNOWLEDGE.glob("*.md"))
    for file in files:
        admin.call(
            "POST",
            "/api/kb/import",
            {"format": "markdown", "content": file.read_text(encoding="utf-8"), "source": file.name},
        )
    until(lambda: all_indexed(admin), "the knowledge base")
    print(f"{len(files)} articles are in the knowledge base.")


def all_indexed(admin: Api) -> bool:
    articles = admin.call("GET", "/api/kb/articles?limit=100")["data"]
    return bool(articles) and all(article["index_status"] == "indexed" for article in articles)


def switch_on(admin: Api) -> None:
    settings = admin.call("GET", "/api/settings")
    if not settings["flags"]["AI_CUSTOMER_DRAFT_ENABLED"]:
        admin.call(
            "PUT", "/api/settings", {"version": settings["version"], "flags": {"AI_CUSTOMER_DRAFT_ENABLED": True}}
        )


def drafted(member: Api, talk: dict[str, Any]) -> dict[str, Any]:
    def find() -> dict[str, Any] | None:
        waiting = member.call("GET", "/api/cx/approvals?status=pending&limit=100")["data"]
        return next((one for one in waiting if one["chatwoot_conversation"] == talk["id"]), None)

    return dict(member.call("GET", f"/api/cx/approvals/{until(find, 'the draft')['id']}"))


# What the reviewer does ----------------------------------------------------------------------------------------------


def approve(member: Api, desk: Desk, talk: dict[str, Any], draft: dict[str, Any], reply: str | None = None) -> None:
    body: dict[str, Any] = {"grades": GRADES} | ({"reply": reply} if reply else {})
    decided = member.call("POST", f"/api/cx/approvals/{draft['id']}/approve", body)
    path = f"/api/cx/approvals/{draft['id']}"
    sent = until(lambda: (found := member.call("GET", path))["status"] == "sent" and found, "the reply")
    replies = desk.replies_to(talk)
    changed = f", {decided['edit_ratio']:.0%} changed" if reply else ""
    print(f"  approved{changed}: sent at {sent['sent_at']}; the customer sees {len(replies)} reply")
    if len(replies) != 1:
        raise SystemExit(f"The customer should see one reply, and sees {len(replies)}.")


def edit(member: Api, desk: Desk, talk: dict[str, Any], draft: dict[str, Any]) -> None:
    approve(member, desk, talk, draft, draft["draft"] + "\n\nI have put this at the top of my list.")


def regenerate(member: Api, desk: Desk, talk: dict[str, Any], draft: dict[str, Any]) -> None:
    member.call("POST", f"/api/cx/approvals/{draft['id']}/regenerate", {"instruction": "Keep it short."})

    def second() -> dict[str, Any] | None:
        found = drafted(member, talk)
        return found if found["id"] != draft["id"] else None

    new = until(second, "the second draft")
    print(
        f"  asked for another draft: number {new['number']}, {len(new['draft'])} instead of {len(draft['draft'])} characters"
    )
    approve(member, desk, talk, new)


def reject(member: Api, desk: Desk, talk: dict[str, Any], draft: dict[str, Any]) -> None:
    body = {
        "grades": {"tone": 4, "accuracy": 3, "policy": 5},
        "reason": "A colleague from the workshop has to answer this.",
    }
    member.call("POST", f"/api/cx/approvals/{draft['id']}/reject", body)
    print(f"  rejected; the customer sees {len(desk.replies_to(talk))} replies")


DECISIONS: dict[str, Callable[[Api, Desk, dict[str, Any], dict[str, Any]], None]] = {
    "approve": approve, "edit": edit, "regenerate": regenerate, "reject": reject,
}  # fmt: skip


def show(name: str, texts: tuple[str, ...], draft: dict[str, Any], note: str) -> None:
    print(f"\n{name}: {' / '.join(texts)}")
    print("  " + draft["draft"].replace("\n", "\n  "))
    cited = [source["title"] for source in draft["sources"] if source["cited"]]
    print(f"  — confidence {draft['confidence']:.2f}, risk {draft['risk']}, sources: {', '.join(cited) or 'none'}")
    if "Sources" not in note:
        raise SystemExit(f"The private note does not name its sources:\n{note}")


def until(look: Callable[[], T | bool | None], what: str) -> T:
    """Look again and again, for a while."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        if found := look():
            return found  # type: ignore[return-value]
        time.sleep(0.5)
    raise SystemExit(f"Waited {PATIENCE_SECONDS} s for {what}. Look at make status and the logs in .local/logs.")


if __name__ == "__main__":
    main()
