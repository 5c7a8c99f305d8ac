"""Chats made day by day: a day's chats depend on its date alone, so tomorrow's world has the same past."""

import datetime
import html
import random
from dataclasses import dataclass, field
from typing import Any

from local.sandbox.intercom import people, phrases
from local.sandbox.intercom.people import Agent

DAYS = 40
Doc = dict[str, Any]


@dataclass
class Chat:
    """One conversation while it is being written."""

    id: str
    start: int
    dice: random.Random
    customer: Doc
    lang: str
    at: int = 0
    parts: list[Doc] = field(default_factory=list)
    tag: str | None = None
    assignee: int = 0
    rating: int | None = None
    closed: bool = True
    subject: str = ""
    source: Doc = field(default_factory=dict)

    def add(
        self, kind: str, author: Doc, body: str | None, wait: tuple[int, int] = (40, 400), assigned: Doc | None = None
    ) -> None:
        self.at += self.dice.randint(*wait)
        self.parts.append(
            {
                "id": f"{self.id}{len(self.parts) + 1:03d}",
                "part_type": kind,
                "body": as_html(body) if body else None,
                "created_at": self.at,
                "author": author,
                "assigned_to": assigned,
            }
        )


def as_html(text: str) -> str:
    escaped = html.escape(text, quote=False)
    for word in escaped.split():
        if word.startswith("https://"):
            url = word.rstrip(".,;")
            escaped = escaped.replace(url, f'<a href="{url}" rel="nofollow">{url.removeprefix("https://")}</a>')
    return "".join(f"<p>{line}</p>" for line in escaped.split("\n"))


def world(today: datetime.date) -> dict[str, Doc]:
    found: dict[str, Doc] = {}
    for back in range(DAYS - 1, -1, -1):
        day = today - datetime.timedelta(days=back)
        for chat in _day(day):
            found[chat["id"]] = chat
    return found


def _day(day: datetime.date) -> list[Doc]:
    dice = random.Random(f"sandbox {day.isoformat()}")
    number = day.toordinal()
    count = 12 + number % 2 if day.weekday() < 5 else 6 + number % 2
    midnight = int(datetime.datetime.combine(day, datetime.time(), datetime.UTC).timestamp())
    starts = sorted(midnight + dice.randint(7 * 3600, 20 * 3600) for _ in range(count))
    starts[0] = midnight + dice.randint(120, 3000)  # someone always writes just after midnight
    return [_conversation(f"{number - 730000}{n:02d}", start, number, n) for n, start in enumerate(starts)]


def _conversation(ident: str, start: int, day: int, n: int) -> Doc:
    dice = random.Random(f"sandbox {ident}")
    agent = people.AGENTS[(day * 5 + n) % len(people.AGENTS)]
    foreign = [code for code in agent.languages if code in phrases.TOPICS and code != "en"]
    lang = dice.choice(foreign) if foreign and dice.random() < 0.3 else "en"
    name = f"{dice.choice(people.FIRST_NAMES[lang])} {dice.choice(people.LAST_NAMES)}"
    key = f"{dice.getrandbits(96):024x}"
    mail = "".join(c for c in name.lower().replace(" ", ".") if c.isascii())
    customer = {
        "type": dice.choice(("user", "user", "lead")),
        "id": key,
        "name": name,
        "email": f"{mail}@mailbox.example",
    }
    chat = Chat(ident, start, dice, customer, lang, at=start)
    roll = dice.random()
    if roll < 0.03:
        _spam(chat)
    elif roll < 0.055:
        _forward(chat, agent)
    elif roll < 0.08:
        _short(chat, agent)
    else:
        _talk(chat, agent, long=_long(day, n))
    return _document(chat)


def _long(day: int, n: int) -> int:
    """Now and then a chat that never ends; one in a while is longer than the API shows."""
    if n == 3 and day % 37 == 5:
        return 520
    return 205 + day % 50 if n == 2 and day % 9 == 0 else 0


def _spam(chat: Chat) -> None:
    name, text = chat.dice.choice(phrases.SPAM)
    chat.customer = {**chat.customer, "type": "lead", "name": name}
    chat.source = {"body": as_html(text), "author": chat.customer}
    chat.tag = "spam"
    agent = chat.dice.choice(people.AGENTS)
    chat.assignee = agent.id
    chat.add("close", admin(agent), None)


def _forward(chat: Chat, agent: Agent) -> None:
    text = chat.dice.choice(phrases.FORWARDS)
    chat.source = {"body": as_html(text), "author": admin(agent), "delivered_as": "admin_initiated", "type": "email"}
    chat.subject = "Fwd: internal"
    chat.assignee = agent.id
    chat.add("note", admin(agent), "Internal, nothing to answer.")
    chat.add("close", admin(agent), None)


def _short(chat: Chat, agent: Agent) -> None:
    chat.source = {"body": as_html(chat.dice.choice(phrases.SHORT)), "author": chat.customer}
    chat.assignee = agent.id
    chat.add("assignment", admin(agent), None, assigned={"type": "admin", "id": str(agent.id)})
    if chat.dice.random() < 0.5:
        chat.add("comment", admin(agent), "Hi!")
    chat.add("close", admin(agent), None)


def _talk(chat: Chat, agent: Agent, long: int) -> None:
    dice, voice = chat.dice, phrases.VOICES[chat.lang]
    topic = dice.choice(phrases.TOPICS[chat.lang])
    chat.tag = topic.tag
    chat.assignee = agent.id
    words = {
        "order": f"NW-{dice.randint(20000, 29999)}",
        "days": dice.randint(4, 15),
        "amount": f"{dice.randint(12, 180)}.{dice.randint(0, 99):02d} €",
        "name": chat.customer["name"].split()[0],
        "agent": agent.first,
    }
    chat.source = {"body": as_html(dice.choice(topic.ask).format(**words)), "author": chat.customer}
    if dice.random() < 0.3:
        chat.add("comment", {**people.OPERATOR}, voice.bot, (1, 3))
    chat.add("assignment", {**people.OPERATOR}, None, (1, 20), {"type": "admin", "id": str(agent.id)})
    if dice.random() < 0.15:
        agent = _hand_over(chat, agent, voice, words)
    good = dice.random() < agent.skill
    _opening(chat, agent, topic, voice, words)
    if dice.random() < 0.25:
        chat.add("note", admin(agent), dice.choice(phrases.NOTES))
    _answer(chat, agent, topic, voice, words, good)
    while len(chat.parts) < long:
        ask, reply = dice.choice(phrases.SMALL_TALK)
        chat.add("comment", chat.customer, ask)
        chat.add("comment", admin(agent), reply.format(**words))
    if dice.random() < 0.025:
        chat.add("comment", chat.customer, dice.choice(phrases.STEERING))
    _ending(chat, agent, voice, words, good)


def _hand_over(chat: Chat, agent: Agent, voice: phrases.Voice, words: Doc) -> Agent:
    able = [a for a in people.AGENTS if chat.lang in a.languages and a.id != agent.id]
    other = chat.dice.choice(able or list(people.AGENTS[:1]))
    if chat.dice.random() < 0.8:
        chat.add("comment", admin(agent), voice.handover.format(other=other.first))
    chat.add("assignment", admin(agent), None, (5, 60), {"type": "admin", "id": str(other.id)})
    chat.assignee = other.id
    words["agent"] = other.first
    return other


def _opening(chat: Chat, agent: Agent, topic: phrases.Topic, voice: phrases.Voice, words: Doc) -> None:
    dice = chat.dice
    said: list[str] = []
    if dice.random() < agent.skill + 0.1:
        said.append(voice.hello.format(**words))
    if topic.upset and dice.random() < agent.skill:
        said.append(dice.choice(voice.sorry).format(**words))
    if dice.random() < agent.skill * 0.8:
        said.append(voice.looking)
    wait = (60, 300) if dice.random() < agent.skill else (900, 9000)
    if dice.random() < agent.skill * 0.7:
        said.append(topic.check.format(**words))
        chat.add("comment", admin(agent), " ".join(said), wait)
        chat.add("comment", chat.customer, topic.told.format(**words))
    elif said:
        chat.add("comment", admin(agent), " ".join(said), wait)


def _answer(chat: Chat, agent: Agent, topic: phrases.Topic, voice: phrases.Voice, words: Doc, good: bool) -> None:
    dice = chat.dice
    text = dice.choice(topic.good if good else topic.poor).format(**words)
    if dice.random() < agent.boast:
        text += " " + dice.choice(voice.boast)
    chat.add("comment", admin(agent), text)
    if not good:
        chat.add("comment", chat.customer, dice.choice(voice.cross))
        if dice.random() < agent.temper * 2:
            chat.add("comment", admin(agent), dice.choice(voice.rude))
        elif dice.random() < 0.5:
            chat.add("comment", admin(agent), dice.choice(topic.poor).format(**words))


def _ending(chat: Chat, agent: Agent, voice: phrases.Voice, words: Doc, good: bool) -> None:
    dice = chat.dice
    if good:
        chat.add("comment", chat.customer, dice.choice(voice.happy).format(**words))
        if dice.random() < agent.skill:
            chat.add("comment", admin(agent), voice.bye)
    if dice.random() < 0.35:
        chat.rating = dice.choice((4, 5, 5)) if good else dice.choice((1, 1, 2, 3))
    if dice.random() < 0.06:
        chat.closed = False
        return
    said = voice.bye if good and dice.random() < 0.1 else None  # a close part may carry the last words
    chat.add("close", admin(agent), said)


def admin(agent: Agent) -> Doc:
    return {"type": "admin", "id": str(agent.id), "name": agent.name, "email": agent.email}


def _document(chat: Chat) -> Doc:
    source = {
        "type": "conversation",
        "delivered_as": "customer_initiated",
        **chat.source,
        "id": f"{chat.id}0",
        "subject": chat.subject,
    }
    wrote = [p["author"]["id"] for p in chat.parts if p["author"]["type"] == "admin"]
    if source["author"]["type"] == "admin":
        wrote.insert(0, source["author"]["id"])
    return {
        "id": chat.id,
        "created_at": chat.start,
        "updated_at": chat.at,
        "source": source,
        "parts": chat.parts,
        "customer": chat.customer,
        "assignee": chat.assignee,
        "teammates": list(dict.fromkeys(wrote)),
        "tag": chat.tag,
        "rating": chat.rating,
        "state": "closed" if chat.closed else "open",
    }
