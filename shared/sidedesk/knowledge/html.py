"""HTML to Markdown: what a reader sees of a page, in reading order. Walks without recursion, since depth is the author's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from selectolax.lexbor import LexborHTMLParser, LexborNode

_DROPPED: Final = frozenset(
    ("script", "style", "noscript", "template", "iframe", "object", "embed", "svg", "math", "canvas", "audio", "video", "head", "title",
     "input", "select", "button", "textarea", "nav", "dialog", "datalist", "meta", "link")
)  # fmt: skip
_BLOCKS: Final = frozenset(
    ("p", "div", "section", "article", "main", "header", "footer", "aside", "ul", "ol", "dl", "dt", "dd", "table", "tr", "blockquote",
     "figure", "figcaption", "address", "details", "summary", "form", "fieldset", "pre", "hr", "li", "body", "html", "center")
)  # fmt: skip
_TIGHT: Final = frozenset(("li", "tr", "dt", "dd"))
_HEADINGS: Final = {f"h{level}": "#" * level for level in range(1, 7)}
_HIDDEN_STYLE: Final = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(hidden|collapse)|opacity\s*:\s*0(\.0+)?\s*(;|!|$)|font-size\s*:\s*0(\.0+)?[a-z%]*\s*(;|!|$)"
    r"|(text-indent|left|top)\s*:\s*-\d{3,}|clip\s*:\s*rect\(\s*0|(max-)?(height|width)\s*:\s*0[a-z]*\s*;.*overflow\s*:\s*hidden",
    re.IGNORECASE | re.DOTALL,
)


def title(text: str) -> str:
    """What the page calls itself: its first heading, else its title."""
    tree = LexborHTMLParser(text)
    heading = next((node for node in tree.css("h1")[:20] if node.text(strip=True) and not _under_hidden(node)), None)
    if heading is not None:
        return str(heading.text(separator=" ", strip=True))
    named = tree.css_first("title")
    return str(named.text(strip=True)) if named is not None else ""


def to_markdown(text: str) -> str:
    """Headings, paragraphs, lists and tables, as text."""
    root = LexborHTMLParser(text).root
    out: list[str] = []
    links: list[tuple[LexborNode, int]] = []
    for node, entering in _walk(root):
        tag = str(node.tag or "").lower()
        if tag == "-text":
            out.append(_text_of(node))
        elif tag == "br" and entering:
            out.append("\n")
        elif tag in _HEADINGS:
            out.append(f"\n\n{_HEADINGS[tag]} \x02" if entering else "\x03\n\n")
        elif tag in ("td", "th") and not entering:
            out.append(" | ")
        elif tag == "a":
            if entering:
                links.append((node, len(out)))
            elif links:
                out.append(_target(*links.pop(), out))
        elif tag in _BLOCKS:
            out.append("\n" if tag in _TIGHT else "\n\n")
            if tag == "li" and entering:
                out.append("- ")
    return _tidy("".join(out))


def _walk(root: LexborNode | None) -> Iterator[tuple[LexborNode, bool]]:
    """(node, True) on the way in and (node, False) on the way out, without what nobody sees."""
    node, entering, depth = root, True, 0
    while node is not None:
        if entering and _invisible(node):
            entering = False
        else:
            yield node, entering
            if entering and node.child is not None:
                node = node.child
                depth += 1
                continue
        if not depth:
            return
        if node.next is not None:
            node, entering = node.next, True
        else:
            node, entering = node.parent, False
            depth -= 1


def _invisible(node: LexborNode) -> bool:
    tag = str(node.tag or "").lower()
    if tag in _DROPPED or (tag.startswith("-") and tag != "-text") or tag.startswith("!"):
        return True
    attributes = node.attributes if tag != "-text" else {}
    return (
        "hidden" in attributes
        or (attributes.get("aria-hidden") or "").lower() == "true"
        or bool(_HIDDEN_STYLE.search(attributes.get("style") or ""))
    )


def _under_hidden(node: LexborNode) -> bool:
    above: LexborNode | None = node
    while above is not None:
        if above.tag != "-document" and _invisible(above):
            return True
        above = above.parent
    return False


def _text_of(node: LexborNode) -> str:
    text = str(node.text_content or "")
    above = node.parent
    if above is not None and above.tag in ("pre", "code") and "\n" in text:
        return text.replace("\t", "    ")
    return re.sub(r"\s+", " ", text)


def _target(node: LexborNode, begin: int, out: list[str]) -> str:
    """Where a link leads belongs to what it says, unless it says just that."""
    address = (node.attributes.get("href") or "").strip()
    said = "".join(out[begin:]).strip()
    if not said or not re.match(r"https?://\S+$", address) or address.rstrip("/") == said.rstrip("/"):
        return ""
    return f" ({address})"


def _tidy(text: str) -> str:
    # Headings stay on their line whatever stood inside them.
    text = re.sub(r"\x02(.*?)\x03", lambda match: " ".join(match.group(1).split()), text, flags=re.DOTALL)
    text = re.sub(r"[\x02\x03]", "", text)
    lines = []
    for line in text.split("\n"):
        line = re.sub(r"(\s*\|\s*)+$", "", line)
        if line.strip() in ("-", "#", "##", "###", "####", "#####", "######", "|"):
            continue
        lines.append(line.strip() if not line.startswith("    ") else line.rstrip())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")
