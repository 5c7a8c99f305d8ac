"""Refusals of the pipeline; each names its reason, and what to do."""

from __future__ import annotations

from typing import Any

from sidedesk.platform.errors import Conflict, FieldError, NotFound


class NoSuchDraft(NotFound):
    code = "draft_not_found"
    message = "There is no such draft."


class AlreadyDecided(Conflict):
    code = "already_decided"

    def __init__(self, status: str, who: str) -> None:
        words = {
            "sending": "approved this draft",
            "sent": "approved this draft",
            "rejected": "rejected this draft",
            "regenerated": "asked for another draft",
        }
        if status in words:
            super().__init__(f"{who or 'Somebody'} {words[status]} before you. Nothing was sent twice.")
        elif status == "answered_manually":
            super().__init__("A colleague has answered in Chatwoot. Nothing was sent.", code="answered_manually")
        elif status == "superseded":
            super().__init__("A newer draft has taken its place. Nothing was sent.", code="superseded")
        else:
            super().__init__("The conversation was closed without an answer. Nothing was sent.", code="closed")


class CustomerWrote(Conflict):
    """The draft answers an older message than the last."""

    code = "customer_wrote_since"

    def __init__(self, text: str) -> None:
        super().__init__(
            "The customer has written since this draft was made. Nothing was sent; a new draft is on its way.",
            details=[FieldError("new_message", text)],
        )


class RepliesDisabled(Conflict):
    code = "ai_replies_disabled"
    message = (
        "Drafted replies are switched off for this organisation. Answer in Chatwoot, or ask an admin to switch them on."
    )


class Flagged(Conflict):
    """A check says that this must not go out unnoticed."""

    code = "flagged"

    def __init__(self, reasons: list[tuple[str, str]]) -> None:
        super().__init__(
            "A check stopped this reply. Change the text, or send it with `override` and your reason.",
            details=[FieldError(name, sentence) for name, sentence in reasons],
        )


class Incomplete(Conflict):
    code = "incomplete_approval"

    def __init__(self, missing: list[str]) -> None:
        super().__init__(f"This draft lacks {', '.join(missing)}, so it cannot be approved. Ask for a new draft.")


class NeedsSecondPerson(Conflict):
    code = "four_eyes"
    message = "You asked for this draft. In this organisation somebody else has to approve it."


class ExperimentRuns(Conflict):
    code = "experiment_runs"
    message = "An experiment is running. Stop it before you start another."


class NoSuchExperiment(NotFound):
    code = "experiment_not_found"
    message = "There is no such experiment."


class ExperimentStopped(Conflict):
    code = "experiment_stopped"
    message = "This experiment was stopped before. Start a new one."


class NoSuchGoldItem(NotFound):
    code = "gold_item_not_found"
    message = "There is no such item to grade. It may have been retired."


class AlreadyGraded(Conflict):
    code = "already_graded"
    message = "You have graded this item. Marks given blind are not given again."


class NotGradedYet(Conflict):
    code = "not_graded"
    message = "Nobody has graded this draft. Grade it first, or give message, reply and marks yourself."


def first_sentence(value: Any) -> str:
    """An error's sentence, for rows that show why something waits."""
    return str(getattr(value, "message", value))[:500]
