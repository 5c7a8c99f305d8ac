"""Conversations, drafts, decisions and replies of one tenant, as the pipeline leaves them."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from psycopg import sql
from psycopg.types.json import Jsonb

from sidedesk.platform import secrets
from tests.support.world import Tenant, World

CONTACT = {"name": "Dana Whitfield", "email": "dana@example.com", "phone": "+49 30 5550 1234", "id": 7}


def ago(**back: float) -> datetime:
    return datetime.now(UTC) - timedelta(**back)


class Cx:
    """Factory methods write rows; each fills in what the test does not care about."""

    def __init__(self, world: World, tenant: Tenant | None = None) -> None:
        self.world = world
        self.tenant = tenant or world.northwind
        self.integration = uuid4()
        self._ids = itertools.count(1_000)

    # Rows -------------------------------------------------------------------------------------------------------------

    def insert(self, table: str, **values: Any) -> dict[str, Any]:
        values = {"tenant_id": self.tenant.id} | values
        given = {name: Jsonb(value) if isinstance(value, dict | list) else value for name, value in values.items()}
        if "flags" in values and table == "cx_drafts":
            given["flags"] = values["flags"]
        statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, given)),
            sql.SQL(", ").join(map(sql.Placeholder, given)),
        )
        self.world.sql(statement.as_string(), given)
        return values

    def connect(self, base_url: str, token: str = "sandbox-chatwoot", account_id: int = 1) -> UUID:
        """A Chatwoot of this tenant."""
        name = f"sidedesk/test/chatwoot-{self.integration}"
        secrets.remember(name, {"secret": token})
        self.insert(
            "integrations", id=self.integration, kind="chatwoot", name=f"Chatwoot {self.integration}", base_url=base_url,
            config={"account_id": account_id}, secret_name=name,
        )  # fmt: skip
        return self.integration

    def conversation(self, **values: Any) -> UUID:
        made = {
            "conversation_id": uuid4(),
            "integration_id": self.integration,
            "display_id": next(self._ids),
            "contact": CONTACT,
        }
        return UUID(str(self.insert("cx_conversations", **(made | values))["conversation_id"]))

    def message(self, conversation: UUID, text: str = "Where is my parcel?", **values: Any) -> int:
        made = {
            "integration_id": self.integration, "message_id": next(self._ids), "conversation_id": conversation, "direction": "incoming",
            "author": "Dana Whitfield", "content": text, "written_at": ago(hours=1), "found_by": "webhook", "told": True,
        }  # fmt: skip
        return int(self.insert("cx_messages", **(made | values))["message_id"])

    def draft(self, conversation: UUID, **values: Any) -> UUID:
        at = values.get("created_at", ago(minutes=50))
        [(number,)] = self.world.sql("SELECT 1 + count(*) FROM cx_drafts WHERE conversation_id = %s", (conversation,))
        made = {
            "id": uuid4(), "conversation_id": conversation, "number": number, "last_message_id": 1, "customer_message": "Where is my parcel?",
            "asked_at": at, "wanted_at": at, "reply": "Your parcel is on its way.", "confidence": 0.8, "risk": "low", "rank_at": at,
            "cache_key": str(uuid4()), "created_at": at, "rollback": "Write again and correct it.",
        }  # fmt: skip
        return UUID(str(self.insert("cx_drafts", **(made | values))["id"]))

    def note(self, draft: UUID, posted_at: datetime | None, **values: Any) -> None:
        status = "waiting" if posted_at is None else "posted"
        self.insert(
            "cx_notes", **({"draft_id": draft, "post_id": uuid4(), "status": status, "posted_at": posted_at} | values)
        )

    def grading(self, draft: UUID, tone: int = 5, accuracy: int = 5, policy: int = 5, **values: Any) -> None:
        made = {
            "id": uuid4(), "conversation_id": "1", "draft_id": draft, "draft_reply": "Your parcel is on its way.", "human_reply": "It is on its way.",
            "tone": tone, "accuracy": accuracy, "policy": policy, "edit_distance": 5, "edit_ratio": 0.1, "approved": True,
            "graded_by": self.tenant.users["member"].email, "graded_at": ago(minutes=30),
        }  # fmt: skip
        self.insert("customer_reply_grading", **(made | values))

    def reply(self, draft: UUID, conversation: UUID, **values: Any) -> None:
        """A graded draft's public reply, and the message it became."""
        made = {
            "draft_id": draft, "conversation_id": conversation, "post_id": uuid4(), "content": "It is on its way.", "last_message_id": 1,
            "approved_by": self.tenant.users["member"].email, "approved_at": ago(minutes=30), "status": "sent",
            "message_id": next(self._ids), "sent_at": ago(minutes=30),
        } | values  # fmt: skip
        self.insert("cx_replies", **made)
        if made["status"] == "sent":
            self.message(
                conversation, made["content"], direction="outgoing", author="Mia Berg", message_id=made["message_id"],
                written_at=made["sent_at"], post_id=made["post_id"], machine="a message of ours",
            )  # fmt: skip

    def signal(self, conversation: UUID, kind: str = "approved", draft: UUID | None = None, **values: Any) -> UUID:
        made = {
            "id": uuid4(), "kind": kind, "draft_id": draft, "conversation_id": conversation, "customer_message": "Where is my parcel?",
            "draft_reply": "Your parcel is on its way.", "human_reply": "It is on its way.",
        } | values  # fmt: skip
        return UUID(str(self.insert("cx_learning_signals", **made)["id"]))

    # Whole stories ----------------------------------------------------------------------------------------------------

    def answered(
        self,
        asked: datetime,
        minutes: float = 10,
        *,
        edit_ratio: float = 0.1,
        grades: tuple[int, int, int] = (5, 5, 5),
        note_after: float = 1,
        **conversation: Any,
    ) -> UUID:
        """A customer asked, a draft was noted, approved and sent."""
        answered = asked + timedelta(minutes=minutes)
        noted = asked + timedelta(minutes=note_after)
        which = self.conversation(last_incoming_at=asked, **conversation)
        self.message(which, written_at=asked, received_at=asked)
        draft = self.draft(
            which,
            asked_at=asked,
            wanted_at=asked,
            created_at=noted,
            status="sent",
            decided_at=answered,
            sent_at=answered,
        )
        self.note(draft, noted)
        self.grading(draft, *grades, edit_ratio=edit_ratio, edit_distance=int(100 * edit_ratio), graded_at=answered)
        self.reply(draft, which, approved_at=answered, sent_at=answered)
        return which

    def by_hand(self, asked: datetime, minutes: float = 10, **conversation: Any) -> UUID:
        """A customer asked, and an agent answered in Chatwoot."""
        which = self.conversation(last_incoming_at=asked, **conversation)
        self.message(which, written_at=asked)
        self.message(
            which, "Here it is.", direction="outgoing", author="Mia Berg", written_at=asked + timedelta(minutes=minutes)
        )
        return which
