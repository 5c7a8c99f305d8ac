"""Claims of a draft and the quotes they stand on: looked up, not believed."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Final, Protocol

from sidedesk.cx import figures
from sidedesk.cx.models import Evidence, Source
from sidedesk.cx.words import one_line

_WRAPPING: Final = " '\".…,;:-–[]()"
SHORTEST: Final = 8  # letters; less stands everywhere and proves nothing


class ClaimLike(Protocol):
    @property
    def claim(self) -> str: ...
    @property
    def source_id(self) -> str | None: ...
    @property
    def quote(self) -> str: ...


def check(claims: Sequence[ClaimLike], sources: Sequence[Source], thread: Sequence[str]) -> list[Evidence]:
    """Each claim with its source, or without one when its quote is not there or speaks of other figures."""
    texts = {source.id: f"{source.title}\n{source.excerpt}" for source in sources}
    said = "\n".join(thread)
    evidence = []
    for claim in claims:
        if not claim.claim.strip():
            continue
        named = claim.source_id or ""
        text = texts.get(named.strip("[] "))
        if text is not None and _holds(claim, text, said):
            evidence.append(Evidence(claim=claim.claim, source_id=named.strip("[] "), quote=claim.quote))
        elif not named and _stands_in(claim.quote or claim.claim, said):
            continue  # the conversation itself says so: nothing to prove
        else:
            evidence.append(Evidence(claim=claim.claim, source_id=None, quote=""))
    return evidence


def _holds(claim: ClaimLike, text: str, said: str) -> bool:
    return _stands_in(claim.quote, text) and not figures.unsupported(claim.claim, [text], heard=[said])


def _stands_in(quote: str, text: str) -> bool:
    """Found, whatever the quote's case, blanks, quotation marks or entities; an ellipsis joins pieces that all must be there."""
    whole = one_line(html.unescape(text))
    pieces = [piece.strip(_WRAPPING) for piece in one_line(html.unescape(quote)).replace("[...]", "...").split("...")]
    pieces = [piece for piece in pieces if piece]
    if not pieces or sum(letter.isalnum() for piece in pieces for letter in piece) < SHORTEST:
        return bool(pieces) and pieces == [whole.strip(_WRAPPING)]
    return all(piece in whole for piece in pieces)
