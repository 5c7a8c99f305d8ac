"""Hosts that a text leads to, in whatever disguise, and which of them are nobody's here."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

from sidedesk.ai.views import View, invisible
from sidedesk.cx.words import table

_SCHEME: Final = re.compile(
    r"(?<![a-z0-9])(?:h[\s*_]?[tx][\s*_]?[tx][\s*_]?p[\s*_]?s?|ftps?|wss?)\s?(?::|\[:\]|&colon;)\s?[/\\]{1,3}\s?(?P<rest>[^\s<>\"'`)\]}|]+)",
    re.IGNORECASE,
)
# Two slashes after nothing but a blank or bracket: a browser takes the page's own scheme.
_NO_SCHEME: Final = re.compile(r"(?:^|[\s(\"'=\[<])//(?P<rest>[\w.-]+\.[^\W\d_]{2,}[^\s<>\"'`)\]}|]*)")
_OTHER_SCHEME: Final = re.compile(
    r"(?<![a-z0-9])(?P<scheme>javascript|data|vbscript|file|blob)\s?:(?=[^\s])", re.IGNORECASE
)
_WWW: Final = re.compile(r"(?<![\w.@-])(?P<rest>www\.[^\W_][\w.-]*\.[^\W\d_]{2,24}[^\s<>\"'`)\]}|]*)", re.IGNORECASE)
_BARE: Final = re.compile(
    r"(?<![\w@./\\:-])(?P<host>(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+(?P<tld>xn--[\w-]+|[^\W\d_]{2,24}))(?P<path>[/?#:][^\s<>\"'`)\]}|]*)?(?![\w-])"
)
_ADDRESS: Final = re.compile(r"(?<![\w.,-])(?:\d{1,3}\.){3}\d{1,3}(?::\d{2,5})?(?=[/\s)\],;]|\.?$)")
_DOT: Final = r"(?:\s?(?:\[\s?\.\s?\]|\(\s?\.\s?\)|\{\s?\.\s?\}|\[\s?(?:dot|punkt|punto|point|ponto)\s?\]|\(\s?(?:dot|punkt|punto|point|ponto)\s?\))\s?|[\s,]\s?(?:dot|punkt|punto|point|ponto)[\s,]\s?|\s\.\s?)"
_SPELLED: Final = re.compile(
    rf"(?<![\w@.-])(?P<host>[^\W_][\w-]{{1,61}}(?:(?:\.|{_DOT})[\w-]{{2,61}}){{0,3}}{_DOT}(?P<tld>[a-z]{{2,12}}))(?![\w-])",
    re.IGNORECASE,
)
_APART: Final = re.compile(r"(?<!\S)(?:[\w./:-] ){6,}[\w./:-](?!\S)")


def foreign(reply: str, readings: Sequence[View], allowed: Sequence[str], vouching: Sequence[str]) -> list[str]:
    """Hosts of the reply that are neither allowed (with their subdomains) nor in a text that vouches for them."""
    ours = {host for entry in allowed if (host := _plain_host(entry))}
    known = {host for text in vouching for host in hosts(text)}
    found = dict.fromkeys([*hosts(reply), *_hidden(readings)])
    return [
        host for host in found if host not in known and not any(host == one or host.endswith(f".{one}") for one in ours)
    ]


def hosts(text: str) -> Iterator[str]:
    """Every host in a text, as a browser would name it."""
    clean = _visible(text)
    yield from _in(clean)
    if "%" in clean and (unquoted := unquote(clean)) != clean:
        yield from _in(_visible(unquoted))
    if _APART.search(clean):
        yield from _in(_APART.sub(lambda match: match.group().replace(" ", ""), clean))


def _hidden(readings: Iterable[View]) -> Iterator[str]:
    """In decoded or reversed text only what can be nothing but a link counts: chance makes bare domains of anything."""
    for view in readings:
        if view.name in ("plain", "lookalike", "leetspeak") or view.compact:
            continue
        for match in _SCHEME.finditer(view.text):
            if re.match(r"h[tx][tx]p", match.group()) and (host := host_of(match["rest"])) and "." in host:
                yield host
        for match in _WWW.finditer(view.text):
            if host := host_of(match["rest"]):
                yield host


def _in(text: str) -> Iterator[str]:
    for expression in (_SCHEME, _NO_SCHEME, _WWW):
        for match in expression.finditer(text):
            rest = match["rest"]
            if host := host_of(rest):
                yield host
            # A redirect carries its target inside.
            yield from (inner for part in _SCHEME.finditer(rest) if (inner := host_of(part["rest"])))
    for match in _OTHER_SCHEME.finditer(text):
        yield f"{match['scheme'].lower()}:"
    for match in _ADDRESS.finditer(text):
        if all(int(part) < 256 for part in match.group().split(":")[0].split(".")):
            yield match.group().split(":")[0]
    for match in _BARE.finditer(text):
        if _is_domain(match["host"], match["tld"], path=bool(match["path"])) and (host := host_of(match["host"])):
            yield host
    for match in _SPELLED.finditer(text):
        spelled = re.sub(_DOT, ".", match["host"], flags=re.IGNORECASE)
        if (
            match["tld"].lower() in _domains("spelled")
            and "." in spelled
            and not _sentence_border(match["host"])
            and (host := host_of(spelled))
        ):
            yield host


def _sentence_border(text: str) -> bool:
    """`thanks . Come back`: a full stop between two sentences, not a dot between labels."""
    return re.search(r"\s\.\s[A-Z]", text) is not None


def _is_domain(host: str, tld: str, *, path: bool) -> bool:
    if tld.startswith("xn--") or (path and len(tld) <= 12):
        return True
    if not (tld.islower() or host.isupper()):
        return False  # a forgotten blank after a full stop
    return tld.lower() in _domains("generic") or tld.lower() in _domains("country") or not tld.isascii()


def host_of(rest: str) -> str:
    """The host of what follows `//`, read as browsers do: backslashes are slashes, all before the last @ is decoration."""
    authority = re.split(r"[/?#]", rest.replace("\\", "/"), maxsplit=1)[0]
    return _ascii(authority.rsplit("@", 1)[-1].split(":")[0].strip(".,;!*_~'\"()[]"))


def _plain_host(entry: str) -> str:
    entry = entry.strip().lower().removeprefix("*.")
    return host_of(entry.split("//", 1)[-1])


def _ascii(host: str) -> str:
    """Other scripts in their ASCII form, so that letters that look alike stay different."""
    host = host.lower()
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError:
            return host
    return host if re.search(r"[a-z0-9]", host) else ""


def _visible(text: str) -> str:
    """What is seen, with dots of every kind as dots; letters of other scripts stay what they are."""
    text = html.unescape(text)
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).replace("。", ".").replace("·", ".")
        text = "".join(letter for letter in text if not invisible(letter))
    return text


@lru_cache(maxsize=4)
def _domains(kind: str) -> frozenset[str]:
    """Top-level domains: `generic`, `country`, and `spelled` where "dot" is written as a word."""
    listed = table()["domains"]
    if kind == "spelled":
        return frozenset(listed["generic"]) - frozenset(listed["words"]) | frozenset(listed["known countries"])
    return frozenset(listed[kind])
