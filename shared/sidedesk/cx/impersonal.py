"""A question and its answer as somebody else may see them: nobody who took part can be recognised.

A model shows what it was shown. So people are taken out before a text becomes an example, and a gap takes their place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sidedesk.cx import identity, text_distance
from sidedesk.cx.personal import redactor_for
from sidedesk.cx.words import either, fold

GAP: Final = "…"
_PLACEHOLDER: Final = re.compile(r"<[A-Z][A-Z_]{1,20}_\d{1,5}(?:\.\d{1,3})?>")
_GAPS: Final = re.compile(rf"{GAP}(?:[\s,]*{GAP})+")


@dataclass(frozen=True, slots=True)
class Exchange:
    question: str
    reply: str


def without_people(
    question: str, reply: str, contact: dict[str, Any], people: Iterable[str], known: Sequence[str]
) -> Exchange:
    """`people` wrote in the conversation; numbers of orders and the like stay only where `known` texts have them."""
    asked, said = text_distance.body_of(question), text_distance.body_of(reply)
    names = [*people, greeted(reply), greeted(question), signed(question, asked), signed(reply, said)]
    redactor = redactor_for(contact, names)
    ours = "\n".join(known)

    def cleaned(text: str) -> str:
        text = _PLACEHOLDER.sub(GAP, redactor.redact(text))
        for value in sorted({one for one in identity.data_of(text) if one not in ours}, key=len, reverse=True):
            text = text.replace(value, GAP)
        return _GAPS.sub(GAP, text).strip()

    return Exchange(cleaned(asked), cleaned(said))


def greeted(text: str) -> str:
    """Whom the first line greets: `Dana` of `Hello Dana,`. A contact may have no name, and is called by one all the same."""
    first = text.strip().partition("\n")[0]
    match = re.match(either("greeting"), fold(first))
    if match is None:
        return ""
    words = re.split(r"[,!:.;]", first)[0].split()[len(match.group().split()) :]
    return " ".join(word for word in words[:4] if word[:1].isupper())


def signed(text: str, body: str) -> str:
    """Who stands below the text, after the words of farewell."""
    _, found, tail = text.replace("\r\n", "\n").rstrip().rpartition(body[-40:]) if body else ("", "", "")
    lines = [line.strip() for line in tail.split("\n") if line.strip()][:4] if found else []
    names = []
    for line in lines:
        match = re.match(either("sign_off"), fold(line))
        rest = line.split()[len(match.group().split()) :] if match else line.split()
        names += [word.strip(",.!") for word in rest if word[:1].isupper()]
    return " ".join(names)
