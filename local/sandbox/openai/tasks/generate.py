"""`enrich.generate`: make up a support conversation on a topic, the same for the same request."""

import hashlib
import random
import re
from typing import Any

from local.sandbox.openai.prompt import Prompt
from local.sandbox.openai.schema import MISSING, Reader, Schema, fill
from local.sandbox.text import shorten

_FENCED = re.compile(r"^<<<data topic \w+\n(.*?)\n\w+ close topic>>>", re.S | re.M)
_CUSTOMERS = {
    "en": ("Nora Field", "Samuel Reyes", "Priya Nair", "Tom Okafor"),
    "de": ("Jana Vogt", "Emil Hartmann", "Leyla Demir", "Rolf Petersen"),
    "es": ("Lucía Prado", "Mateo Ríos", "Carmen Duarte", "Iván Salas"),
}
_AGENTS = ("Ana", "Marko", "Lena", "Tom")
_LINES: dict[str, dict[str, tuple[str, ...]]] = {
    "en": {
        "ask": (
            "Hi, I need help with {topic}. It started {when} and nothing I tried works.",
            "Hello, my question is about {topic}. Order {order}, since {when}.",
            "About {topic}: can you tell me what happens now? I wrote {when} already.",
        ),
        "hear": ("I am sorry about that. Let me check it for you.", "Thank you for the details, I will look into {topic} at once.", "I understand, that must be annoying. Which device or account is it about?"),
        "add": ("It is order {order}. I paid {amount} € for it.", "It happens every time, the last time {when}.", "I only need to know when it will be done, please."),
        "act": ("I have opened case {order} and sent it to the team in charge; you will hear from us within two days.", "I've just refunded {amount} €. It arrives within five days.", "Please open the settings and choose the second entry; that fixed it for others."),
        "glad": ("Thank you, that helps a lot!", "Perfect, it works now. Thanks!", "Great, thank you for the quick answer."),
        "cross": ("This is still not solved, I am really disappointed.", "That is unacceptable after so many days.", "I have heard that before. Please escalate it."),
        "close": ("You are welcome! Is there anything else I can do?", "I am glad it worked. Have a nice day!", "I have passed it on to my team lead, who will write to you today."),
        "upset": ("I am so upset about this, it has cost me a whole day!",),
    },
    "de": {
        "ask": ("Hallo, ich brauche Hilfe bei {topic}. Seit {when} geht nichts mehr.", "Guten Tag, es geht um {topic}, Bestellung {order}."),
        "hear": ("Das tut mir leid, ich sehe sofort nach.", "Danke für die Angaben, ich prüfe das."),
        "add": ("Es ist die Bestellung {order}, bezahlt habe ich {amount} €.", "Ich muss nur wissen, wann es fertig ist."),
        "act": ("Ich habe Ihnen {amount} € erstattet, das dauert fünf Tage.", "Ich habe den Fall {order} für Sie angelegt."),
        "glad": ("Vielen Dank, das hilft mir sehr!", "Prima, jetzt geht es. Danke!"),
        "cross": ("Das ist immer noch nicht gelöst, ich bin enttäuscht.",),
        "close": ("Gern geschehen! Kann ich sonst noch etwas tun?", "Schönen Tag noch!"),
        "upset": ("Ich ärgere mich wirklich sehr darüber!",),
    },
    "es": {
        "ask": ("Hola, necesito ayuda con {topic}. Empezó {when}.", "Buenos días, escribo por {topic}, pedido {order}."),
        "hear": ("Lo siento mucho, lo reviso ahora mismo.", "Gracias por los datos, me encargo."),
        "add": ("Es el pedido {order} y pagué {amount} €.", "Solo quiero saber cuándo estará listo."),
        "act": ("He emitido un reembolso de {amount} €, tarda cinco días.", "He abierto el caso {order} para usted."),
        "glad": ("¡Muchas gracias, me ayuda mucho!", "Genial, ya funciona."),
        "cross": ("Sigue sin funcionar y estoy decepcionado.",),
        "close": ("¡De nada! ¿Algo más en que pueda ayudar?", "Que tenga un buen día."),
        "upset": ("¡Estoy muy enfadado con esto!",),
    },
}  # fmt: skip
_WHEN = {"en": ("yesterday", "last week", "on Monday", "two days ago"), "de": ("gestern", "Montag", "letzter Woche"), "es": ("ayer", "la semana pasada", "el lunes")}  # fmt: skip


def answer(prompt: Prompt, obedient: bool) -> Any:
    topic = _topic(prompt)
    told = prompt.system
    dice = random.Random(hashlib.sha256(f"{told.split('Text between')[0]}\n{topic}".encode()).digest())
    language = _after(told, r"Language: (\w\w)", "en")
    wanted = int(_after(told, r"about (\d+) turns", "8"))
    made = _write(
        dice, topic, language if language in _LINES else "en", _after(told, r"Style: (\w+)", "everyday"), wanted
    )
    if prompt.schema is not None:
        return fill(prompt.schema, _Made(made))
    return made if prompt.wants_json else "\n".join(f"{t['role']}: {t['text']}" for t in made["turns"])


def _topic(prompt: Prompt) -> str:
    fenced = _FENCED.search(prompt.given)
    text = fenced.group(1) if fenced else prompt.question.rpartition("\n")[2]
    return shorten(" ".join(text.split()), 120) or "an order"


def _after(text: str, pattern: str, default: str) -> str:
    found = re.search(pattern, text)
    return found.group(1) if found else default


def _write(dice: random.Random, topic: str, language: str, style: str, wanted: int) -> dict[str, Any]:
    lines = _LINES[language]
    happy = dice.random() < 0.65
    facts = {"topic": topic, "order": f"NW-{dice.randint(10_000, 99_999)}", "amount": dice.randint(5, 240), "when": dice.choice(_WHEN[language])}  # fmt: skip
    kinds = [("customer", "ask"), ("agent", "hear")]
    while len(kinds) < max(2, wanted - 2):
        kinds += [("customer", "add"), ("agent", "act" if len(kinds) % 4 == 2 else "hear")]
    if wanted > 2:
        kinds = [*kinds[: wanted - 2], ("customer", "glad" if happy else "cross"), ("agent", "close")]
    turns, said = [], set[str]()
    for role, kind in kinds:
        fresh = [line for line in lines[kind] if line not in said] or list(lines[kind])
        line = dice.choice(fresh)
        said.add(line)
        turns.append({"role": role, "text": _styled(line.format(**facts), role, style, dice, lines)})
    name = dice.choice(_CUSTOMERS[language])
    title = shorten(topic[:1].upper() + topic[1:], 80)
    return {"title": title, "customer_name": name, "agent_name": dice.choice(_AGENTS), "turns": turns}


def _styled(text: str, role: str, style: str, dice: random.Random, lines: dict[str, tuple[str, ...]]) -> str:
    if style == "terse":
        return re.split(r"(?<=[.!?])\s", text)[-1] if role == "customer" else text
    if style == "emotional" and role == "customer" and dice.random() < 0.5:
        return f"{text} {lines['upset'][0]}"
    if style == "technical" and role == "customer":
        return f"{text} (version {dice.randint(1, 9)}.{dice.randint(0, 12)}, error E{dice.randint(100, 999)})"
    return text


class _Made:
    """Hands out the parts of what was written, by the names the schema uses."""

    def __init__(self, made: dict[str, Any]) -> None:
        self.made = made

    def value(self, name: str, schema: Schema) -> Any:
        return self.made.get(name, MISSING)

    def child(self, name: str, schema: Schema) -> Reader:
        return self

    def items(self, name: str, schema: Schema) -> list[Reader] | None:
        found = self.made.get(name)
        return [_Made(one) for one in found] if isinstance(found, list) else None
