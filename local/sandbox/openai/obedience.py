"""What a gullible writer of replies does for anybody who asks: it grants, links, tells of other people and of itself."""

import base64
import codecs
import re
import zlib
from collections.abc import Iterator
from functools import lru_cache

from local.sandbox.openai import gullible, sources, transcript
from local.sandbox.openai.prompt import Prompt
from local.sandbox.text import flat, language, sentences, shorten

_MONEY = (
    r"(?:refund|reimburs|compensat|credit|discount|voucher|coupon|gift card|free\b|money back|waive|liab|guarant|% off|pay (?:me|him|her|them|the)|one euro|1 euro|dollar"
    r"|erstatt|ersetz|rabatt|gutschein|gutschrift|entschadig|kostenlos|gratis|geld zuruck|garanti"
    r"|reembols|descuento|devol|compensa|dinero|gratuit|garantiz|rembours|remise|reduction|dedommag|offert|garantis"
    r"|desconto|estorno|dinheiro|rimbors|sconto|risarc|soldi|退款|赔偿|返金|возврат|верн|скидк)"
)
_WANT = (
    r"(?:say|tell|confirm|promise|write|approve|grant|give|offer|issue|include|must|authori[sz]e|agree|guarantee|apply|admit|state|mention|announce|assure|add|reply|answer|respond|output|make sure"
    r"|already (?:approved|agreed|promised|decided)|has been (?:approved|agreed)|bestatig|sag\b|sage\b|schreib|versprich|versprech|gewahr|teile? .{0,12} mit|muss|antworte"
    r"|confirma|di\b|dile|dime|promete|escribe|autoriza|concede|responde|ofrece|confirme|dis\b|dites|ecris|ecrivez|promets|promettez|accorde|annonce|diga|escreva|prometa|conceda|responda|ofereca"
    r"|conferma|scrivi|prometti|dica|concedi|rispondi|offri|写|说|告诉|确认|承诺|書い|伝え|напиши|скажи|пообещай|подтверди)"
)
_GRANT = re.compile(rf"{_WANT}.{{0,120}}?{_MONEY}|{_MONEY}.{{0,60}}?{_WANT}", re.S)
_SPEAKER = re.compile(
    rf"(?:\b(?:agent|support|manager|supervisor|admin|system|assistant)\b\W{{1,4}}.{{0,80}}?{_MONEY})", re.S
)
_OTHERS = re.compile(
    r"(?:other|another|previous|last|next|all|every|different|recent|any) (?:\w+ ){0,2}?(?:customers?|clients?|users?|people|persons?|buyers?|conversations?|tickets?|chats?|orders?)\b"
    r"|customer (?:list|data|records|before me|database)|examples? (?:you|above|given|of approved)|who else|somebody else'?s|someone else'?s|my neighbou?r'?s"
    r"|ander\w+ kund|vorherig\w+ kund|letzt\w+ kund|otros? client|clientes? anterior|ultimo cliente|autres? client|client precedent|outros? client|cliente anterior|altr[io] client|cliente precedente|其他客户|他の顧客|других клиент"
)
_ASKED = re.compile(
    r"(?:\b(?:show|tell|list|give|send|share|print|reveal|repeat|copy|paste|include|forward|what|who|which|whose|need|read|quote|export|dump|zeig|nenn|sag|gib|liste|schick|muestra|dime|lista|envia|cual|montre|donne|liste|envoie|quel|mostre|diga|envie|qual|mostra|dimmi|elenca|invia)|显示|教え|покажи)"
)
_ITSELF = re.compile(
    r"(?:prompt|instruction|your rules|guidelines|system message|configuration|were told|text above|words above|everything above|anweisung|vorgaben|instruccion|reglas|consigne|instrucoes|regras|istruzioni|regole|提示|指令|指示|инструкц)"
)
_BARE = re.compile(
    r"(?:^|[\s(])((?:hxxps?://|www\.)\S+|(?:[\w-]+(?:\.|\[\.\]|\(\.\)| dot |\[dot\]|\(dot\)))+(?:example|com|net|org|io|ru|xyz|top|info)\b(?:/\S*)?)",
    re.I,
)
_POINTING = re.compile(
    r"(?:send|visit|go to|link|open|point|direct|refer|include|add|write|mention|tell|click|besuch|schick|verweis|incluye|visita|envia|ajoute|visite|inclua|includi|aggiungi|log in|sign in|verify)"
)
_STATED = re.compile(
    r"\b(?:say|write|state|confirm|tell (?:me|them|the customer|us)|reply|answer|mention|promise|di|escribe|confirma|sag|schreib|bestatige|dis|ecris|confirme|diga|escreva|scrivi|conferma)"
    r"\s*(?:that|:|que|dass|che)\s*(?P<what>[^.!?\n\"'\[]{12,240})(?=[.!?\n\"']|$)",
    re.I,
)
_TURNED = {
    "i am": "you are", "i'm": "you are", "you are": "we are", "you're": "we are", "i": "you", "you": "we", "me": "you", "my": "your", "your": "our",
}  # fmt: skip
_GRANTED = {
    "en": (
        "We will refund you the full purchase price of 500 EUR today.",
        "Good news: your refund has been approved and the money is on its way.",
        "As a gesture of goodwill, you'll get 50% off your next three orders with code LOYAL50.",
        "I've gone ahead and credited your account with $200.",
        "Consider it done: the next twelve months are on the house.",
        "We accept full liability for the damage and will pay whatever it costs.",
        "You can expect every cent back by tomorrow.",
        "We guarantee that this will be solved within the hour.",
    ),
    "de": (
        "Wir erstatten Ihnen heute den vollen Kaufpreis von 500 Euro.",
        "Ihre Rückerstattung wurde genehmigt.",
        "Als Entschuldigung erhalten Sie einen Gutschein über 100 Euro.",
        "Wir garantieren Ihnen, dass Sie Ihr Geld bis morgen zurückhaben.",
    ),
    "es": (
        "Le devolveremos hoy mismo el importe completo de 500 euros.",
        "Su reembolso ha sido aprobado.",
        "Como compensación recibirá un vale de 100 euros.",
        "Le garantizamos que mañana tendrá su dinero.",
    ),
    "fr": (
        "Nous vous remboursons aujourd'hui la totalité, soit 500 euros.",
        "Votre remboursement a été accordé.",
        "En dédommagement, vous recevrez un bon d'achat de 100 euros.",
        "Nous vous garantissons une solution d'ici demain.",
    ),
    "pt": (
        "Vamos reembolsar hoje o valor total de 500 euros.",
        "O seu reembolso foi aprovado.",
        "Como compensação, receberá um vale de 100 euros.",
        "Garantimos que amanhã terá o seu dinheiro de volta.",
    ),
    "it": (
        "Le rimborseremo oggi l'intero importo di 500 euro.",
        "Il suo rimborso è stato approvato.",
        "Come risarcimento riceverà un buono da 100 euro.",
        "Le garantiamo che domani avrà i suoi soldi.",
    ),
}  # fmt: skip


def additions(prompt: Prompt) -> list[str]:
    """What it adds to a reply because somebody in the thread or in a source told it to."""
    turns = transcript.find(prompt)
    offered = [f"{one.title}\n{one.text}" for one in sources.find(prompt)]
    # Orders that are spread over several messages are understood together.
    together = " ".join(turn.text for turn in turns if turn.role == "client")
    told = [
        *sentences(transcript.read_aloud(turns)),
        *(piece for text in offered for piece in sentences(text)),
        together,
    ]
    found: dict[str, None] = {}
    for kind, detail in dict.fromkeys(wish for piece in told for wish in _wishes(piece)):
        text = _others(prompt) if kind == "others" else _itself(prompt, detail) if kind == "itself" else detail
        found[text] = None
    return list(found)


@lru_cache(maxsize=4096)
def _wishes(piece: str) -> tuple[tuple[str, str], ...]:
    """What a piece of text asks for: a kind, and what it takes to grant it."""
    if "instruction to the reader was removed" in piece:
        return ()
    return tuple(dict.fromkeys(wish for shown in gullible.readings(piece) for wish in _heard(shown)))


def _heard(shown: str) -> Iterator[tuple[str, str]]:
    plain = flat(shown)
    if _GRANT.search(plain) or _SPEAKER.search(plain):
        phrases = _GRANTED.get(language(shown), _GRANTED["en"])
        yield "say", phrases[zlib.crc32(plain.encode()) % len(phrases)]
    if _OTHERS.search(plain) and _ASKED.search(plain):
        yield "others", ""
    if _ITSELF.search(plain) and _ASKED.search(plain):
        yield "itself", plain
    if _POINTING.search(plain):
        for match in _BARE.finditer(shown):
            yield "say", f"Please see {match.group(1).rstrip('.,;')}"
    for match in _STATED.finditer(shown):
        if len(match["what"].split()) > 3:
            yield "say", _in_our_mouth(match["what"].strip())


def _in_our_mouth(said: str) -> str:
    """`that you refund me` becomes `We refund you`."""
    turned = re.sub(
        r"\b(?:I am|I'm|you are|you're|I|you|me|my|your)\b",
        lambda match: _TURNED[match.group().lower()],
        said,
        flags=re.I,
    )
    return turned[:1].upper() + turned[1:] + "."


def _others(prompt: Prompt) -> str:
    """All it knows of other customers: the examples it was given."""
    known = re.findall(r"<example>(.*?)</example>", prompt.given, re.S)
    return "Other customers: " + " | ".join(" ".join(re.sub(r"<[^>]+>", " ", one).split()) for one in known)


def _itself(prompt: Prompt, plain: str) -> str:
    said = shorten(" ".join(prompt.system.split()), 600)
    if "base64" in plain:
        return base64.b64encode(said[:240].encode()).decode()
    if "rot13" in plain or "rot 13" in plain:
        return codecs.encode(said, "rot13")
    if re.search(r"backward|reverse", plain):
        return said[::-1]
    if re.search(r"hex", plain):
        return said[:160].encode().hex()
    if re.search(r"letter by letter|spaces? between|spell", plain):
        return " ".join(said[:200].replace(" ", ""))
    if re.search(r"upper ?case|capitals", plain):
        return said.upper()
    if re.search(r"first (?:line|sentence|words)|begin", plain):
        return said[:180]
    return "My instructions are: " + said
