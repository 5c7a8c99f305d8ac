"""The small part of Liquid that bites: outgoing text is a template when it is stored."""

import re
from collections.abc import Callable
from typing import Any

_CODE = re.compile(r"```.*?```|`[^`]*`", re.S)
_TOKEN = re.compile(r"\{\{-?(.*?)-?\}\}|\{%-?(.*?)-?%\}", re.S)
_PATH = re.compile(r"^[A-Za-z_][\w]*(?:\.[A-Za-z_][\w]*)*$")
_LITERAL = re.compile(r"^(?:\"([^\"]*)\"|'([^']*)'|(-?\d+(?:\.\d+)?))$")
_BLOCKS = {
    "if": "endif",
    "unless": "endunless",
    "for": "endfor",
    "case": "endcase",
    "comment": "endcomment",
    "raw": "endraw",
}


class _SyntaxError(Exception):
    pass


def render(text: str, variables: dict[str, Any]) -> str:
    """Rendered text; a template that does not parse stays as it is, code in backticks is never touched."""
    if "{" not in text:
        return text
    kept: list[str] = []

    def hide(match: re.Match[str]) -> str:
        kept.append(match.group(0))
        return f"\x00{len(kept) - 1}\x00"

    hidden = _CODE.sub(hide, text)
    try:
        done = _render(hidden, variables)
    except _SyntaxError:
        return text
    return re.sub("\x00(\\d+)\x00", lambda m: kept[int(m.group(1))], done)


def _render(text: str, variables: dict[str, Any]) -> str:
    rest = _TOKEN.sub("", text)
    if "{{" in rest or "{%" in rest:
        raise _SyntaxError
    out: list[str] = []
    shown = [True]
    open_blocks: list[str] = []
    local = dict(variables)
    at = 0
    for match in _TOKEN.finditer(text):
        if all(shown):
            out.append(text[at : match.start()])
        at = match.end()
        if match.group(1) is not None:
            value = _value(match.group(1).strip(), local)
            if all(shown):
                out.append(value)
        else:
            _tag(match.group(2).strip(), local, shown, open_blocks)
    if open_blocks:
        raise _SyntaxError
    return "".join(out) + text[at:]


def _tag(tag: str, local: dict[str, Any], shown: list[bool], open_blocks: list[str]) -> None:
    word, _, rest = tag.partition(" ")
    if word in _BLOCKS:
        open_blocks.append(_BLOCKS[word])
        truth = bool(_lookup(rest.split(" ")[0], local)) if word in ("if", "unless") else False
        shown.append(not truth if word == "unless" else truth)
    elif word == "else" and open_blocks:
        shown[-1] = not shown[-1]
    elif open_blocks and word == open_blocks[-1]:
        open_blocks.pop()
        shown.pop()
    elif word == "assign" and "=" in rest:
        name, _, value = rest.partition("=")
        local[name.strip()] = _value(value.strip(), local)
    else:
        raise _SyntaxError


def _value(expression: str, variables: dict[str, Any]) -> str:
    head, *filters = [part.strip() for part in expression.split("|")]
    value = _lookup(head, variables)
    text = "" if value is None else str(value)
    for raw in filters:
        name, _, argument = (p.strip() for p in raw.partition(":"))
        text = _filter(name, argument.strip("\"'"), text)
    return text


def _filter(name: str, argument: str, text: str) -> str:
    plain: dict[str, Callable[[str], str]] = {
        "upcase": str.upper,
        "downcase": str.lower,
        "capitalize": str.capitalize,
        "strip": str.strip,
    }
    if name in plain:
        return plain[name](text)
    if name == "default":
        return text or argument
    if name == "append":
        return text + argument
    return text


def _lookup(expression: str, variables: dict[str, Any]) -> Any:
    if literal := _LITERAL.match(expression):
        return next(g for g in literal.groups() if g is not None)
    if not expression:
        return None
    if not _PATH.match(expression):
        raise _SyntaxError
    value: Any = variables
    for step in expression.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value
