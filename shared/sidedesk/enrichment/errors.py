"""What can go wrong with enrichment, named for what happened; and how another's error is called in a run's results."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sidedesk.ai import errors as ai
from sidedesk.conversations.service import Category, StorageFailed
from sidedesk.platform.errors import Conflict, DomainError, FieldError, Forbidden, NotFound, Unavailable


class ConversationsMissing(NotFound):
    code = "conversations_not_found"
    message = "Some of these conversations do not exist. Nothing was started."

    def __init__(self, ids: Sequence[UUID]) -> None:
        details = [FieldError("conversationIds", f"There is no conversation {one}.") for one in ids]
        number = "One conversation does" if len(ids) == 1 else f"{len(ids)} conversations do"
        super().__init__(f"{number} not exist: {', '.join(map(str, ids))}. Nothing was started.", details=details)


class OtherUser(Forbidden):
    code = "other_user"
    message = "The userId names somebody else than the signed-in person. Leave it out."


class RunNotFound(NotFound):
    code = "run_not_found"
    message = "There is no such enrichment run."


class RunStillGoing(Conflict):
    code = "run_still_going"
    message = "This run is still going. Retry what failed when it has ended."


class NothingToRetry(Conflict):
    code = "nothing_to_retry"
    message = "Nothing failed in this run."


class BatchNotFound(NotFound):
    code = "batch_not_found"
    message = "There is no such batch."


class BatchStillGoing(Conflict):
    code = "batch_still_going"
    message = "This batch is still being made. Enrich it when it is completed."


class BatchEmpty(Conflict):
    code = "batch_empty"
    message = "No conversation of this batch was made, so there is nothing to enrich."


class NoReport(NotFound):
    code = "no_report"
    message = "This conversation was not checked yet. Enrich it first."


# Asking again cannot help: the model, its provider or its filter says no to these very words.
_REFUSED = (ai.ModelRefused, ai.ContentFiltered, ai.ProviderRejected)


def category_of(error: Exception) -> Category:
    """Refused for good, no usable answer to be had now, no time, or no storage."""
    if isinstance(error, _REFUSED):
        return "llm_refused"
    if isinstance(error, ai.OutOfTime):
        return "timeout"
    return "llm_unavailable" if isinstance(error, _UNAVAILABLE) else "storage"


_UNAVAILABLE = (
    ai.NoProvider, ai.ProviderDown, ai.ProviderBusy, ai.QuotaExhausted, ai.UnknownPrice, ai.BadAnswer, ai.AnswerCutOff, ai.CapReached,
)  # fmt: skip
# A later try in the same run may do it; the workflow's Retry names them.
TRANSIENT: tuple[type[DomainError], ...] = (ai.ProviderDown, ai.ProviderBusy, ai.OutOfTime, ai.BadAnswer, StorageFailed)


def worth_another_try(error: DomainError) -> bool:
    return isinstance(error, TRANSIENT) or type(error) is Unavailable
