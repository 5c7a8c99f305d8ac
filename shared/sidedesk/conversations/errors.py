"""What can go wrong with conversations, named for what happened."""

from __future__ import annotations

from sidedesk.platform.errors import Conflict, InvalidRequest, NotFound


class ConversationNotFound(NotFound):
    code = "conversation_not_found"
    message = "There is no such conversation."


class NoDocument(NotFound):
    code = "no_document"
    message = "There is no such document of this conversation yet."


class BeingEnriched(Conflict):
    code = "being_enriched"
    message = "This conversation is being enriched. Try again when that is done."


class NotAConversation(InvalidRequest):
    """This can be no conversation; the sentence says why."""

    code = "not_a_conversation"


class ImportFailed(Exception):
    """An import ends here, for a reason that no second try changes."""
