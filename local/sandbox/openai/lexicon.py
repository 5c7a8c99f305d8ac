"""The words the rule-based model knows, in the languages the sandbox's customers write."""

import re

from local.sandbox.text import bare, flat


def _any(*parts: str) -> re.Pattern[str]:
    return re.compile("|".join(rf"(?<!\w)(?:{bare(p)})" for p in parts))


# All patterns run over flat(): lower case, no accents.
GREETING = _any(
    r"hi\b",
    r"hello\b",
    r"hey\b",
    r"good (?:morning|afternoon|evening)",
    r"welcome\b",
    r"thanks? (?:you )?for (?:reaching|contacting|getting|writing)",
    r"hola\b",
    r"buen[oa]s (?:dias|tardes)",
    r"hallo\b",
    r"guten (?:tag|morgen|abend)",
    r"bonjour\b",
    r"bonsoir\b",
    r"ola\b",
    r"bom dia",
    r"boa tarde",
    r"ciao\b",
    r"buongiorno",
    "здравствуйте",
    "добрый день",
    "こんにちは",
    "你好",
    "您好",
    "مرحبا",
)
EMPATHY = _any(
    r"sorry\b",
    r"apolog",
    r"i understand",
    r"i can (?:see|imagine|understand)",
    r"that must",
    r"frustrat\w+ (?:this|that|it)",
    r"i know how",
    r"i hear you",
    r"lo siento",
    r"lamento",
    r"disculp",
    r"entiendo",
    r"comprendo",
    r"tut mir leid",
    r"entschuldig",
    r"verstehe",
    r"desole",
    r"je comprends",
    r"navre",
    r"sinto muito",
    r"desculp",
    r"lamentamos",
    r"entendo",
    r"mi dispiace",
    r"capisco",
)
CLOSING = _any(
    r"anything else",
    r"have a (?:great|good|nice|lovely)",
    r"let (?:me|us) know if",
    r"happy to help",
    r"glad i could",
    r"take care\b",
    r"reach out (?:again|any)",
    r"thank you for your patience",
    r"algo mas",
    r"que tenga",
    r"buen dia",
    r"sonst noch",
    r"schonen tag",
    r"autre chose",
    r"bonne (?:journee|soiree)",
    r"mais alguma",
    r"tenha um",
    r"altro\b.*aiut",
    r"buona giornata",
)
PROMISE = _any(
    r"i (?:can )?(?:guarantee|promise)",
    r"we (?:can )?(?:guarantee|promise)",
    r"100 ?%",
    r"guaranteed\b",
    r"definitely (?:be|get|arrive|fixed|refunded)",
    r"you will (?:certainly|definitely)",
    r"no matter what",
    r"le garantizo",
    r"prometo",
    r"garantiere",
    r"verspreche",
    r"je (?:vous )?(?:garantis|promets)",
    r"garanto",
    r"for sure\b",
    r"full refund today",
)
RUDE = _any(
    r"stupid",
    r"idiot",
    r"calm down",
    r"not my (?:problem|job|fault)",
    r"your (?:own )?fault",
    r"read the (?:manual|faq|terms)",
    r"as i (?:already )?(?:said|told)",
    r"whatever\b",
    r"obviously",
    r"that'?s (?:just )?how it is",
    r"deal with it",
    r"stop (?:writing|asking)",
    r"shut up",
    r"ridiculous",
    r"no es mi problema",
    r"culpa suya",
    r"nicht mein problem",
    r"selbst schuld",
    r"pas mon probleme",
    r"votre faute",
    r"nao e problema meu",
    r"no me importa",
)
ACTION = _any(
    r"i(?:'ve| have)(?: just| now)? \w+ed",
    r"i(?:'ve| have) (?:just |now )?(?:sent|reset|put|made|set)",
    r"we(?:'ve| have) \w+(?:ed|nt)",
    r"i(?:'ll| will)\b",
    r"you (?:can|should|need|may) \w+",
    r"please (?:go|click|open|try|check|use|reply|send|choose|press)",
    r"here (?:is|are)\b",
    r"the (?:refund|parcel|order|invoice|replacement|reason|fix)",
    r"(?:click|open|go to|select) \w+",
    r"within \d",
    r"he (?:enviado|hecho|emitido|abierto|actualizado|reenviado)",
    r"puede(?:s)? \w+",
    r"ich habe",
    r"sie konnen",
    r"j'ai \w+",
    r"vous pouvez",
    r"eu (?:ja )?\w+ei\b",
    r"voce pode",
    r"ja (?:enviei|emiti|abri)",
)
DEFLECTION = _any(
    r"i (?:don't|do not) know",
    r"not sure\b",
    r"no idea",
    r"(?:can't|cannot|unable to) help",
    r"contact (?:another|the other|someone)",
    r"check the (?:website|faq)",
    r"nothing (?:i|we) can do",
    r"no lo se\b",
    r"no se\b",
    r"weiss (?:ich )?nicht",
    r"je ne sais pas",
    r"nao sei",
    r"try again later$",
    r"look (?:it up|online)",
)
OWNERSHIP = _any(
    r"i(?:'ll| will) (?:personally |now |check|look|follow|keep|get back|update|take|make sure|let)",
    r"let me (?:check|look|take|find|see)",
    r"i(?:'ve| have) (?:just )?(?:checked|asked|escalated|raised|opened)",
    r"leave it with me",
    r"follow(?:ing)? up",
    r"get back to you",
    r"me encargo",
    r"dejeme",
    r"ich kummere",
    r"ich prufe",
    r"je (?:verifie|m'en occupe|regarde)",
    r"vou (?:verificar|cuidar)",
    r"keep you (?:posted|updated)",
)
VERIFY = _any(
    r"(?:confirm|verify|check) (?:your|the) (?:email|e-mail|identity|name|address|account|order|date)",
    r"(?:order|account|invoice) (?:number|id)\b.*\?",
    r"last (?:four|4) digits",
    r"date of birth",
    r"security question",
    r"numero de pedido",
    r"bestellnummer",
    r"numero de commande",
    r"numero do pedido",
    r"which e-?mail",
)
THANKS = _any(
    r"thank",
    r"gracias",
    r"danke",
    r"merci",
    r"obrigad",
    r"grazie",
    r"perfect\b",
    r"great\b",
    r"genial",
    r"awesome",
    r"super\b",
    r"that (?:worked|helps|fixed)",
)
NEGATIVE = _any(
    r"angry",
    r"terrible",
    r"awful",
    r"worst",
    r"disappoint",
    r"frustrat",
    r"upset",
    r"unacceptable",
    r"annoy",
    r"ridiculous",
    r"hate\b",
    r"still (?:not|no|waiting|broken)",
    r"never (?:came|arrived|got|worked|again)",
    r"broken",
    r"damaged",
    r"fail",
    r"wrong",
    r"late\b",
    r"lost\b",
    r"missing",
    r"charged? (?:me )?twice",
    r"not work",
    r"doesn't work",
    r"can't",
    r"cancel",
    r"complain",
    r"scam",
    r"waste",
    r"wütend",
    r"no funciona",
    r"no (?:ha )?lleg",
    r"roto",
    r"inaceptable",
    r"kaputt",
    r"nicht (?:angekommen|funktioniert)",
    r"inaccept",
    r"ne (?:marche|fonctionne) pas",
    r"pas recu",
    r"cass",
    r"nao (?:chegou|funciona)",
    r"quebrad",
    r"defekt",
    r"arger",
    r"fache",
    r"enfadad",
    r"decepcion",
)
POSITIVE = _any(
    r"thank",
    r"great",
    r"perfect",
    r"love\b",
    r"excellent",
    r"amazing",
    r"awesome",
    r"happy",
    r"wonderful",
    r"helpful",
    r"appreciate",
    r"brilliant",
    r"fantastic",
    r"gracias",
    r"genial",
    r"perfecto",
    r"danke",
    r"prima",
    r"merci",
    r"parfait",
    r"obrigad",
    r"otimo",
    r"grazie",
)
SPAM = _any(
    r"seo\b",
    r"backlink",
    r"crypto",
    r"lottery",
    r"click here to",
    r"unsubscribe",
    r"loan offer",
    r"guest post",
    r"casino",
    r"increase your (?:traffic|sales)",
    r"investment opportunity",
)
AUTOMATED = _any(
    r"out of office",
    r"auto(?:matic)?[- ]?repl",
    r"delivery (?:status|has failed)",
    r"undeliverable",
    r"mailer-daemon",
    r"do not reply to this",
)

INTENTS: dict[str, re.Pattern[str]] = {
    "cancellation": _any(r"cancel", r"unsubscribe", r"close my account", r"terminate", r"kundig", r"resili", r"baja\b"),
    "refund": _any(
        r"refund",
        r"money back",
        r"reembols",
        r"ruckerstatt",
        r"erstatt",
        r"rembours",
        r"devoluc",
        r"devolv",
        r"rimborso",
    ),
    "damaged": _any(r"damaged", r"broken", r"cracked", r"defect", r"roto", r"kaputt", r"casse", r"quebrad"),
    "delivery": _any(
        r"deliver",
        r"shipp",
        r"parcel",
        r"package",
        r"tracking",
        r"arriv",
        r"courier",
        r"envio",
        r"llegad?o",
        r"liefer",
        r"paket",
        r"livraison",
        r"colis",
        r"entrega",
        r"encomenda",
    ),
    "billing": _any(
        r"charge",
        r"bill",
        r"invoice",
        r"payment",
        r"\bvat\b",
        r"factura",
        r"cobr",
        r"rechnung",
        r"abgebucht",
        r"facture",
        r"fatura",
        r"preleve",
        r"card\b",
    ),
    "login": _any(
        r"log ?in",
        r"password",
        r"sign in",
        r"locked out",
        r"2fa",
        r"verification code",
        r"contrasena",
        r"passwort",
        r"anmeld",
        r"mot de passe",
        r"senha",
    ),
    "bug": _any(
        r"bug\b",
        r"error",
        r"crash",
        r"doesn't work",
        r"not work",
        r"fails?\b",
        r"blank page",
        r"fehler",
        r"erreur",
        r"erro\b",
        r"falla",
    ),
    "upgrade": _any(r"upgrade", r"\bplan\b", r"pricing", r"more seats", r"premium", r"tarif", r"mejorar"),
    "account_change": _any(
        r"change my", r"update my", r"address", r"e-?mail on", r"direccion", r"adresse", r"endereco"
    ),
    "how_to": _any(
        r"how (?:do|can|to)", r"where (?:can|do|is)", r"como (?:puedo|hago|faco)", r"wie (?:kann|geht)", r"comment\b"
    ),
    "complaint": _any(r"complain", r"unacceptable", r"terrible", r"worst", r"disappoint"),
    "feedback": _any(r"feedback", r"suggest", r"feature request", r"idea\b"),
}

EMOTIONS: dict[str, re.Pattern[str]] = {
    "anger": _any(r"angry", r"unacceptable", r"furious", r"ridiculous", r"worst", r"scam", r"inaceptable", r"inaccept"),
    "frustration": _any(
        r"frustrat", r"annoy", r"still (?:not|no|waiting)", r"again\b", r"third time", r"twice\b", r"for (?:days|weeks)"
    ),
    "sadness": _any(r"disappoint", r"sad\b", r"upset", r"decepcion", r"sorry to say"),
    "fear": _any(r"worried", r"afraid", r"concern", r"hacked", r"fraud"),
    "joy": POSITIVE,
    "confusion": _any(r"confus", r"don't understand", r"not sure", r"unclear", r"what does"),
}


def has(pattern: re.Pattern[str], text: str) -> bool:
    return pattern.search(flat(text)) is not None


def sentiment(text: str) -> float:
    """From -1 to 1."""
    plain = flat(text)
    good = len(POSITIVE.findall(plain))
    bad = len(NEGATIVE.findall(plain)) + len(RUDE.findall(plain))
    loud = 1.2 if text.isupper() or text.count("!") > 2 else 1.0
    total = good + bad
    return 0.0 if not total else max(-1.0, min(1.0, (good - bad * loud) / (total + 1)))


def intent(text: str) -> str:
    plain = flat(text)
    scored = {name: len(p.findall(plain)) for name, p in INTENTS.items()}
    best = max(scored, key=lambda name: scored[name])
    return best if scored[best] else "other"


def emotion(text: str) -> str:
    plain = flat(text)
    return next((name for name, p in EMOTIONS.items() if p.search(plain)), "neutral")
