"""How a reply sounds: one check for each thing a reviewer looks at, each with its reason."""

from __future__ import annotations

import re
from typing import Final

from sidedesk.cx.models import Channel, Check
from sidedesk.cx.prompt_parts import Voice
from sidedesk.cx.sentiment import language_of, sentiment_of
from sidedesk.cx.text_distance import body_of
from sidedesk.cx.words import LANGUAGES, either, fold, one_line, pattern, table

__all__ = ["language_of", "sentiment_of", "tone_checks"]

UPSET: Final = -0.2
LONGEST: Final[dict[Channel, int]] = {"sms": 320, "live_chat": 900, "email": 5_000, "other": 5_000}
_LANGUAGE_NAMES: Final = {
    "en": "English", "de": "German", "es": "Spanish", "fr": "French", "pt": "Portuguese", "it": "Italian",
}  # fmt: skip
_MARKDOWN: Final = re.compile(
    r"\*\*[^*\n]+\*\*|^#{1,6} |```|\[[^\]\n]+\]\([^)\n]+\)|^\s*\|.+\|\s*$|__[^_\n]+__", re.MULTILINE
)
_LIST: Final = re.compile(r"^\s*(?:[-*•]|\d{1,2}[.)]) ", re.MULTILINE)
_PLACEHOLDER: Final = re.compile(
    r"<[A-Z][A-Z_]{1,20}_\d{1,5}(?:\.\d{1,3})?>|\{\{[^}\n]{0,60}\}\}|\{%[^%\n]{0,60}%\}|\$\{[^}\n]{1,40}\}|%[A-Z_]{3,30}%|<<[^>\n]{1,40}>>|(?-i:\bX{4,}\b)|_{4,}"
    r"|[\[{<](?:(?:your|the|customer|agent|company|insert|ihr|su|votre|seu|suo)[ _-]?)?(?:first[ _-]?|last[ _-]?|vor|nach)?(?:name|nombre|nom|nome|date|datum|fecha|number|order(?:[ _-]?number)?|link|url|amount|betrag|email|company|agent|signature|here|todo|tbd)(?:[ _-](?:here|name))?[\]}>]",
    re.IGNORECASE,
)


def tone_checks(
    reply: str, *, sentiment: float, channel: Channel, contact_name: str, cx: Voice, language: str
) -> list[Check]:
    """All checks, the passed ones too: a reviewer sees what was looked at."""
    line, body = one_line(reply), one_line(body_of(reply))
    return [
        _greeting(reply, channel, contact_name),
        _empathy(line, sentiment),
        _absent("no_blame", "blame", body, "It blames the customer", "It blames nobody."),
        _absent("no_promise", "absolute", body, "It sounds like a guarantee", "It guarantees nothing."),
        *_brand(line, cx),
        _length(reply, channel),
        _form(reply, line, channel, cx),
        _placeholders(reply),
        _language(body, language),
    ]


def _check(name: str, ok: bool, reason: str) -> Check:
    return Check(name=name, group="tone", ok=ok, reason=reason)


def _greeting(reply: str, channel: Channel, contact_name: str) -> Check:
    if channel == "sms":
        return _check("greeting", True, "A text message needs no greeting.")
    found = pattern("greeting", start=True).match(fold(reply).lstrip("¡! "))
    if not found:
        return _check("greeting", False, "It begins without a greeting.")
    named = _named(reply.split("\n", 1)[0])
    known = set(fold(contact_name).replace(".", " ").split())
    if strangers := [name for name in named if known and fold(name) not in known]:
        return _check("greeting", False, f"It greets {strangers[0]}, but the customer is {contact_name}.")
    return _check("greeting", True, "It greets the customer by name." if named else "It greets the customer.")


def _named(first: str) -> list[str]:
    """The names in a greeting, as they are written."""
    greeting = re.split(r"[,!:.;\n]", first.lstrip("¡ "), maxsplit=1)[0]
    start = pattern("greeting", start=True).match(fold(greeting))
    words = greeting.split()[len(start.group().split()) if start else 1 :][:4]
    return [word for word in words if word[:1].isupper() and fold(word).strip(".") not in table()["no_names"]]


def _empathy(line: str, sentiment: float) -> Check:
    if sentiment > UPSET:
        return _check("empathy", True, "The customer is not upset.")
    if found := pattern("empathy").search(line):
        return _check("empathy", True, f"The customer is upset, and it says so: “{found.group()}”.")
    return _check("empathy", False, "The customer is upset, and the reply does not acknowledge it.")


def _absent(name: str, kind: str, body: str, problem: str, fine: str) -> Check:
    for found in pattern(kind).finditer(body):
        if not pattern("negation").search(body[max(0, found.start() - 25) : found.start()]) or kind == "blame":
            return _check(name, False, f"{problem}: “{found.group()}”.")
    return _check(name, True, fine)


def _brand(line: str, cx: Voice) -> list[Check]:
    used = [phrase for phrase in cx.brand_phrases if _stands_in(phrase, line)]
    shunned = [phrase for phrase in cx.avoid_phrases if _stands_in(phrase, line)]
    if not cx.brand_phrases:
        wanted = _check("brand_phrases", True, "Your organisation prefers no particular words.")
    elif used:
        wanted = _check(
            "brand_phrases", True, f"It uses your words: {', '.join(f'“{phrase}”' for phrase in used[:3])}."
        )
    else:
        wanted = _check("brand_phrases", False, "It uses none of the words your organisation prefers.")
    if shunned:
        words = ", ".join(f"“{phrase}”" for phrase in shunned[:3])
        return [wanted, _check("avoided_phrases", False, f"It uses words your organisation avoids: {words}.")]
    return [wanted, _check("avoided_phrases", True, "It uses none of the words your organisation avoids.")]


def _stands_in(phrase: str, line: str) -> bool:
    wanted = re.escape(one_line(phrase))
    return bool(wanted) and re.search(rf"(?<![^\W_]){wanted}(?![^\W_])", line) is not None


def _length(reply: str, channel: Channel) -> Check:
    length, most = len(reply.strip()), LONGEST[channel]
    words = {"sms": "a text message", "live_chat": "a chat", "email": "an e-mail", "other": "a message"}[channel]
    if length > most:
        return _check("length", False, f"It has {length} characters; {words} should have at most {most}.")
    return _check("length", True, f"{length} characters, within {words}'s {most}.")


def _form(reply: str, line: str, channel: Channel, cx: Voice) -> Check:
    problems = []
    if channel != "email" and _MARKDOWN.search(reply):
        problems.append("formatting marks would be shown as they are")
    if channel == "sms" and (len(re.split(r"\n\s*\n", reply.strip())) > 1 or _LIST.search(reply)):
        problems.append("a text message is one paragraph without lists")
    if channel == "email" and not _signed(reply, line, cx):
        problems.append("it ends without a sign-off")
    return _check(
        "form", not problems, f"{'; '.join(problems).capitalize()}." if problems else "It has the form of its channel."
    )


def _signed(reply: str, line: str, cx: Voice) -> bool:
    if cx.signature.strip() and one_line(cx.signature) in line:
        return True
    ending = [fold(part) for part in reply.strip().split("\n") if part.strip()][-5:]
    return any(re.match(either("sign_off"), part) for part in ending[1:]) or any(
        pattern("closing").search(part) for part in ending[-1:]
    )


def _placeholders(reply: str) -> Check:
    if found := _PLACEHOLDER.search(reply):
        return _check("placeholders", False, f"Something was left to be filled in: {found.group()}")
    return _check("placeholders", True, "Nothing was left to be filled in.")


def _language(body: str, language: str) -> Check:
    wanted, written = language[:2].lower(), language_of(body)
    if wanted in LANGUAGES and written and written != wanted:
        return _check("language", False, f"It reads like {_LANGUAGE_NAMES[written]}, not {_LANGUAGE_NAMES[wanted]}.")
    return _check("language", True, "It is written in the language it should be.")
