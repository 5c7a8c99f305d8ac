"""Instructions hidden in what the model reads: found in any disguise, then ignored or (when gullible) obeyed."""

import base64
import binascii
import codecs
import html
import re
import unicodedata
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from local.sandbox.text import bare, flat, sentences, visible

_LEET = (str.maketrans("0134578@$", "oleastbas"), str.maketrans("0134578@$", "oieastbas"))
_LEETED = re.compile(r"(?<=[a-z])[0134578@$]|[0134578@$](?=[a-z])", re.I)
_LOOKALIKE = str.maketrans("аеорсухіѕјԁһԛԝ", "aeopcyxisjdhqw")  # Cyrillic letters that look Latin
_UNIT = r"(?!\s*(?:%|€|\$|min|day|hour|week|month|eur|usd|dollar|item|business|working|seat|user|percent|dia|hora|semana|tag|stunde|woche|jour|heure|giorn|or[ae]\b))"
_BEST = rf"(?:\b(?:5|10|100)\b{_UNIT}|full (?:marks|scores?|points|credit)|max\w*|perfect|highest|top (?:marks|scores?|rating))"
_WORST = rf"(?:\b0\b{_UNIT}|\b1\b{_UNIT}(?= |$|[.!])(?! (?:moment|second|more|of))|zero|lowest|worst|minimum|fail\w*)"
_HIGH = (
    rf"(?:give|award|scores?|rate|assign|mark|set|grant|grade)\b(?! up).{{0,60}}?{_BEST}|perfect scores?\b|full marks"
    rf"|(?:ponle|pon\b|dale|otorga|asigna|puntua|califica)\w*.{{0,50}}?(?:\b(?:5|10|100)\b{_UNIT}|maxim\w*|perfect\w*)"
    rf"|(?:gib|vergib|bewerte|setze)\b.{{0,50}}?(?:\b(?:5|10|100)\b{_UNIT}|volle|hochst\w*|maxim\w*|beste)"
    rf"|(?:donne|mets|attribue|notez)[rz]?\b.{{0,50}}?(?:\b(?:5|10|100)\b{_UNIT}|maxim\w*|parfait\w*)"
    rf"|(?:de (?:a )?(?:nota|pontuacao)|atribua|coloque|pontue)\b.{{0,50}}?(?:\b(?:5|10|100)\b{_UNIT}|maxim\w*|perfeit\w*)"
    rf"|(?:dai|assegna|metti)\b.{{0,50}}?(?:\b(?:5|10|100)\b{_UNIT}|massim\w*|perfett\w*)"
    r"|(?:给|給|给予|打|評|评)\D{0,12}(?:5|10|100|满|滿|最高)|満点|最高(?:点|評価|分)|满分|滿分|(?:5|10|100)点(?:を|満点)"
    r"|(?:поставь|дай|оцени|выставь)\w*.{0,40}?(?:5|10|100|максим|высш)|(?:اعط|امنح|قيم).{0,40}?(?:5|10|100|٥|الكامل|القصو)"
)
_LOW = (
    rf"(?:give|scores?|rate|assign|mark|set|grade)\b.{{0,60}}?{_WORST}|fail (?:this|the) (?:agent|audit|conversation)"
    r"|(?:ponle|pon\b|dale|asigna|califica)\w*.{0,50}?(?:\b0\b|cero|minim\w*)|(?:gib|bewerte|setze)\b.{0,50}?(?:\b0\b|null\b|schlecht\w*)"
    r"|(?:donne|mets)[rz]?\b.{0,50}?(?:\b0\b|zero|minim\w*)|(?:给|打)\D{0,12}(?:0|零|最低)|0点|最低点|(?:поставь|дай)\w*.{0,40}?(?:\b0\b|ноль|миним)"
)
_REVEAL = (
    r"(?:reveal|print|show|repeat|output|tell me|display|leak|dump|share)\b.{0,40}?(?:prompt|instructions|system message|rules|configuration)"
    r"|(?:muestra|revela|repite|dime)\b.{0,40}?(?:instrucciones|prompt)|(?:zeige?|verrate|wiederhole)\b.{0,40}?(?:anweisungen|prompt)"
    r"|(?:montre|revele|repete)\w*\b.{0,40}?(?:instructions|prompt)|(?:mostre|revele|repita)\b.{0,40}?(?:instrucoes|prompt)"
    r"|(?:显示|透露|重复|输出).{0,10}(?:提示|指令)|(?:プロンプト|指示).{0,10}(?:表示|教え|出力)|(?:покажи|раскрой|повтори).{0,30}?(?:инструкц|промпт)"
    r"|(?:اكشف|أظهر|اعرض|كرر).{0,30}?(?:التعليمات|الموجه)"
)
_IGNORE = (
    r"(?:ignore|disregard|forget|override|bypass)\b.{0,40}?(?:above|previous|prior|all|earlier|instructions|rules|guidelines|scorecard|everything)"
    r"|you are now\b|new (?:instructions?|rules?|task)\s*:|^\s*(?:system|assistant|developer)\s*:|end of (?:transcript|data|conversation)\b|\[/?inst\]|<\|im_(?:start|end)\|>"
    r"|(?:ignora|olvida|desatiende)\b.{0,40}?(?:anterior|instruc|todo|arriba|reglas)|(?:ignorier|vergiss|missacht)\w*\b.{0,40}?(?:vorherig|anweisung|alles|obig|regeln)"
    r"|(?:ignore[rz]?|oublie[rz]?)\b.{0,40}?(?:precedent|instruction|tout|consigne)|(?:ignore|esqueca|desconsidere)\b.{0,40}?(?:anterior|instruc|tudo|acima)"
    r"|(?:ignora|dimentica)\b.{0,40}?(?:precedent|istruzion|tutto)|(?:忽略|无视|無視|忘记|不要理会).{0,14}(?:以上|之前|前面|所有|指令|指示)?"
    r"|(?:以前|前|上記|これまで)の.{0,8}(?:指示|命令).{0,6}(?:無視|忘れ)|(?:игнорируй|забудь|проигнорируй).{0,40}|(?:تجاهل|انس).{0,40}"
)
_SAY = re.compile(
    r"(?:^|[\s\"'“(.:,;>\]-])(?:please |and |then |now |just |instead,? |must |should |only )*"
    r"(?:say|reply with|respond with|answer with|output|write|end with|append|add the (?:text|words?|phrase|sentence)|include the (?:text|words?|phrase|sentence)"
    r"|di|escribe|responde con|sag|sage|schreib|schreibe|antworte mit|dis|ecris|reponds|diga|escreva|responda com|说|输出|回复|скажи|напиши|ответь|قل|اكتب)"
    r"\s*[:,]?\s*(?P<what>[\"'“«「『‘](?P<quoted>[^\"'”»」』’\n]{1,200})[\"'”»」』’]|(?P<bare>[A-Z][A-Z0-9_ !-]{2,60}))",
    re.I,
)
_LINK = re.compile(r"https?://[^\s\"'<>)\]}]+", re.I)
_LINKING = re.compile(
    r"(?:include|insert|add|attach|send|share|click|visit|use|give|put|append|link|image|fetch|open|incluye|inclui|anade|visita|fuge|sende|besuche|ajoute|inclu|envoie|adicione|包含|加入|添加|访问|含め|追加|включи|добавь|أضف|أدرج)",
    re.I,
)
_CALL = re.compile(
    r"(?:call|use|run|invoke|execute|trigger|ejecuta|llama a|rufe|ausfuhren|appelle|execute a)\b.{0,30}?\b(?P<tool>[a-z][a-z0-9]*(?:_[a-z0-9]+)+)\b",
    re.I,
)
_KINDS = tuple(
    (k, re.compile(bare(p), re.M))
    for k, p in (("high", _HIGH), ("low", _LOW), ("reveal", _REVEAL), ("ignore", _IGNORE))
)
_B64 = re.compile(r"(?<![\w+/=])[A-Za-z0-9+/]{16,}={0,2}(?![\w+/=])")
_HEX = re.compile(r"(?<![0-9a-f])(?:[0-9a-f]{2}[ :]?){12,}(?![0-9a-f])", re.I)


@dataclass(frozen=True)
class Order:
    kind: str  # high, low, reveal, ignore, say, link, call
    detail: str
    sentence: str  # as it stands in the text that was read


def orders(text: str) -> list[Order]:
    """Every instruction in a text that should have been data, hidden ones included."""
    found: dict[tuple[str, str], Order] = {}
    for piece in sentences(text):
        for kind, detail in _steers(piece):
            found.setdefault((kind, detail), Order(kind, detail, piece))
    return list(found.values())


def without_orders(text: str) -> str:
    """The text an attentive reader scores: sentences that try to steer it are left out."""
    lines: list[str] = []
    for line in text.splitlines():
        pieces = [p for p in sentences(line) if any(kind != "link" for kind, _ in _steers(p))]
        for piece in pieces:
            line = line.replace(piece, " ")
        if not pieces or line.strip():
            lines.append(line)
    return "\n".join(lines).strip()


@lru_cache(maxsize=4096)
def _steers(piece: str) -> tuple[tuple[str, str], ...]:
    return tuple(dict.fromkeys(order for shown in readings(piece) for order in _understood(shown)))


def _understood(shown: str) -> Iterator[tuple[str, str]]:
    plain = flat(shown)
    for kind, pattern in _KINDS:
        if pattern.search(plain):
            yield kind, ""
    for match in _SAY.finditer(shown):
        what = match.group("quoted") or match.group("bare")
        if match.group("quoted") or match.group("bare").isupper():
            yield "say", what.strip()
    if _LINKING.search(plain):
        for match in _LINK.finditer(shown):
            yield "link", match.group(0).rstrip(".,;")
    for match in _CALL.finditer(plain):
        yield "call", match.group("tool")


def readings(piece: str) -> Iterator[str]:
    """The sentence as written, and as it reads once a disguise is taken off."""
    base = unicodedata.normalize("NFKC", visible(html.unescape(piece)))
    yield base
    hidden = "".join(chr(ord(c) - 0xE0000) for c in piece if 0xE0020 <= ord(c) <= 0xE007E)  # tag characters
    if hidden:
        yield hidden
    if "%" in base and (unquoted := urllib.parse.unquote(base)) != base:
        yield unquoted
    if any(c in base for c in "аеорсухіѕј") and re.search("[a-z]", base):
        yield base.translate(_LOOKALIKE)
    if _LEETED.search(base):
        for table in _LEET:
            yield _LEETED.sub(lambda m: m.group(0).translate(table), base)  # noqa: B023 - used at once
    if re.search(r"(?:\b\w[ .\-_*]){5,}", base):
        yield re.sub(r"(?<=\b\w)[ .\-_*](?=\w\b)", "", base)
    for match in _B64.finditer(base):
        yield from _decoded(match.group(0))
    for match in _HEX.finditer(base):
        with_text = bytes.fromhex(re.sub(r"[ :]", "", match.group(0))).decode("utf-8", "ignore")
        if with_text.isprintable():
            yield with_text
    if base.isascii():
        yield codecs.encode(base, "rot13")
        yield base[::-1]


def _decoded(blob: str) -> Iterator[str]:
    try:
        raw = base64.b64decode(blob + "=" * (-len(blob) % 4), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return
    if raw.isprintable() or "\n" in raw:
        yield raw
