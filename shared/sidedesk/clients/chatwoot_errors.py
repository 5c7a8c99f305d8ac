"""What Chatwoot's refusals mean. After a POST every error but PostUnclear says: certainly not done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sidedesk.platform.errors import Conflict, InvalidRequest, NotFound, Unavailable, UpstreamFailed

if TYPE_CHECKING:
    import httpx

# Its limits are counted in whole minutes of the clock, and a refusal does not say when the next one begins.
LIMIT_WINDOW_SECONDS = 60


class ChatwootRefused(Conflict):
    """Trying again cannot help until somebody changes something."""

    code = "chatwoot_refused"
    message = "Chatwoot refuses our access token. Check it under Settings, Integrations."


class ChatwootRejected(Conflict):
    """It understood, and does not want this."""

    code = "chatwoot_rejected"
    message = "Chatwoot did not accept this."


class AssigneeUnknown(Conflict):
    code = "assignee_unknown"
    message = "Chatwoot knows no such agent or team in this account. Choose another."


class ConversationGone(NotFound):
    code = "conversation_gone"
    message = "Chatwoot does not know this conversation. It may have been deleted."


class ChatwootDown(Unavailable):
    code = "chatwoot_down"
    message = "Chatwoot does not answer. Try again in a moment."


class ChatwootBusy(Unavailable):
    code = "chatwoot_busy"
    message = "Chatwoot asks us to slow down. Try again in a minute."


class PostUnclear(Unavailable):
    """Chatwoot may have done it. Look for the marker in the conversation before anything is sent again."""

    code = "chatwoot_unclear"
    message = "Chatwoot did not say whether it accepted this. It is looked up before anything is sent again."


class ChatwootConfused(UpstreamFailed):
    code = "chatwoot_confused"
    message = "Chatwoot's answer could not be understood. Check its address under Settings, Integrations."


class MalformedWebhook(InvalidRequest):
    code = "malformed_webhook"
    message = "This is not a webhook of Chatwoot."


def refusal(answer: httpx.Response, path: str, now: float) -> Exception:
    """Our word for an answer that is no success."""
    status, words = answer.status_code, _words(answer)
    if status == 429:
        return ChatwootBusy(retry_after=LIMIT_WINDOW_SECONDS - int(now) % LIMIT_WINDOW_SECONDS + 1)
    if status >= 500 or status == 408:
        return ChatwootDown()
    if status in (401, 403):
        # One status for a wrong token and for a right one whose owner may not; only the words differ.
        if words is None or "access token" in words.lower():
            return ChatwootRefused()
        return ChatwootRefused(
            "Chatwoot does not let the owner of our access token do this. "
            "Use the token of a person who belongs to the account and sees the inbox (for webhooks: an administrator).",
            code="chatwoot_not_permitted",
        )
    if status == 402:
        return ChatwootRefused(
            f"The plan of this Chatwoot does not allow it: {words or 'no reason'}.", code="chatwoot_plan"
        )
    if status == 404 and words is not None and path.startswith("/conversations/"):
        return ConversationGone()
    if status == 422 and words is not None:
        return ChatwootRejected(f"Chatwoot did not accept this: {words}")
    if 300 <= status < 400:
        return ChatwootConfused("Chatwoot's address leads on to another one. Enter that under Settings, Integrations.")
    return ChatwootConfused(
        f"Chatwoot answered {status}{f' ({words})' if words else ''}. Check its address and account under Settings, Integrations."
    )


def _words(answer: httpx.Response) -> str | None:
    """Two shapes of errors; None when it is neither, as from a proxy or another service."""
    try:
        document: Any = answer.json()
    except ValueError:
        return None
    said = (document.get("error") or document.get("message")) if isinstance(document, dict) else None
    return " ".join(said.split())[:300] if isinstance(said, str) else None
