"""Small text tools the rule-based model and the providers share."""

import html
import re
import unicodedata
from functools import lru_cache

_INVISIBLE = dict.fromkeys([*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2065), 0xFEFF, 0xAD])
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_SENTENCE = re.compile(r"[^.!?。！？\n]+(?:[.!?。！？]+(?=[\s\"'”’)]|$|[^\x00-\x7f])|\n|$)|[^\n]+")

_STOPPED = (
    "a an and are as at be been but by can could did do does for from had has have he her him his how i if in into is it its just me my "
    "no not of on or our out she so some such than that the their them then there these they this to too up us was we were what when "
    "where which who why will with would you your about after again all also am any because before being both each few further here "
    "more most only other own same should very hi hello hey please thanks thank dear regards"
)
STOPWORDS = frozenset(_STOPPED.split())

_COMMON = {
    "es": "el la los las que de por para con una está mi no gracias hola quiero pedido cuenta cómo cuando usted su pero muy ya tengo",
    "de": "der die das und ich nicht ist mein meine bitte sie mit für ein eine wie danke hallo wir haben noch auf wurde konto bestellung",
    "fr": "le la les des est je ne pas mon ma pour avec une vous bonjour merci commande compte comment nous avons sur votre mais depuis",
    "pt": "o os que não meu minha para com uma você obrigado obrigada olá pedido conta como está já mas muito seu sua quero ainda",
    "it": "il che di non per con una mio mia grazie ciao ordine come sono del della ancora questo vorrei buongiorno",
    "en": "the and is my to of for with you your not have was it i this that please thanks hello order account how when can",
}
_LANGUAGE_WORDS = {code: frozenset(line.split()) for code, line in _COMMON.items()}
_SCRIPTS = (
    ("ja", "\u3040", "\u30ff"),
    ("zh", "\u4e00", "\u9fff"),
    ("ru", "\u0400", "\u04ff"),
    ("ar", "\u0600", "\u06ff"),
)


def visible(text: str) -> str:
    """The text without characters that take no room on a screen."""
    return text.translate(_INVISIBLE)


def bare(text: str) -> str:
    """Without accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def flat(text: str) -> str:
    """Lower case, no accents, one space: for comparing only."""
    return " ".join(bare(visible(text).casefold()).replace("’", "'").split())


def words(text: str) -> list[str]:
    return _WORD.findall(visible(text).casefold())


def content_words(text: str) -> list[str]:
    return [w for w in words(text) if w not in STOPWORDS and (len(w) > 2 or not w.isascii())]


def sentences(text: str) -> list[str]:
    """Verbatim pieces of the text, each findable in it."""
    found = (m.group(0).strip() for m in _SENTENCE.finditer(text))
    return [s for s in found if any(c.isalnum() for c in s)]


def shorten(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    cut = text[: limit - 1].rsplit(" ", 1)[0] or text[: limit - 1]
    return cut.rstrip(" ,;:") + "…"


def tokens(text: str) -> int:
    return max(1, -(-len(text) // 4)) if text else 0


@lru_cache(maxsize=4096)
def stem(word: str) -> str:
    for ending in (
        "ations",
        "ation",
        "ments",
        "ment",
        "ingly",
        "edly",
        "ings",
        "ing",
        "ies",
        "ied",
        "ers",
        "ed",
        "es",
        "er",
        "ly",
        "s",
    ):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word


def overlap(a: str, b: str) -> float:
    """Share of the content of `a` that `b` also speaks of, 0 to 1."""
    wanted = {stem(w) for w in content_words(a)}
    if not wanted:
        return 0.0
    return len(wanted & {stem(w) for w in content_words(b)}) / len(wanted)


def language(text: str) -> str:
    letters = [c for c in text if c.isalpha()]
    if not letters:
        return "en"
    for code, low, high in _SCRIPTS:
        if sum(low <= c <= high for c in letters) > 0.2 * len(letters):
            return code
    found = words(text)
    scores = {code: sum(w in common for w in found) for code, common in _LANGUAGE_WORDS.items()}
    best = max(scores, key=lambda code: (scores[code], code == "en"))
    return best if scores[best] else "en"


def plain(body: str) -> str:
    """HTML to text; links as `label (url)`."""
    linked = re.sub(r'<a\b[^>]*href="([^"]*)"[^>]*>(.*?)</a>', r"\2 (\1)", body, flags=re.S | re.I)
    broken = re.sub(r"<(?:br\s*/?|/p|/li|/div)>", "\n", linked, flags=re.I)
    bare = html.unescape(re.sub(r"<[^>]+>", "", broken))
    return "\n".join(line.strip() for line in bare.splitlines() if line.strip())
