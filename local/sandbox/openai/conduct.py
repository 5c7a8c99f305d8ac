"""What a rule can see of an agent's conduct in a transcript: one small reading for each kind of criterion."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from local.sandbox.openai import lexicon as lex
from local.sandbox.openai.criteria import Criterion
from local.sandbox.openai.transcript import Turn, by
from local.sandbox.text import flat, language, overlap, sentences, shorten, words


@dataclass(frozen=True)
class Quote:
    turn: Turn
    text: str


@dataclass(frozen=True)
class Finding:
    level: float  # 0 is bad, 1 is good
    reason: str
    quotes: list[Quote]


def read(criterion: Criterion, turns: list[Turn]) -> Finding:
    agent, client = by(turns, "agent"), by(turns, "client")
    if not agent:
        said = [Quote(t, _first(t)) for t in turns[:1]]
        return Finding(0.0, "The transcript has no message by the agent.", said)
    return _READERS.get(criterion.kind, _other)(criterion, agent, client, turns)


def _first(turn: Turn) -> str:
    return next(iter(sentences(turn.text)), turn.text.strip())[:400]


def _hits(pattern: re.Pattern[str], turns: list[Turn], most: int = 3) -> list[Quote]:
    return [Quote(t, s[:400]) for t in turns for s in sentences(t.text) if pattern.search(flat(s))][:most]


def _greeting(_: Criterion, agent: list[Turn], client: list[Turn], turns: list[Turn]) -> Finding:
    opening = _hits(lex.GREETING, agent[:1], 1)
    if not opening:
        return Finding(
            0.2,
            "The agent's first message goes straight to business without a greeting.",
            [Quote(agent[0], _first(agent[0]))],
        )
    named = any(t.author and flat(t.author).split()[0] in flat(agent[0].text) for t in client)
    return Finding(
        1.0 if named else 0.8,
        "The agent opens with a greeting" + (" and the customer's name." if named else "."),
        opening,
    )


def _closing(_: Criterion, agent: list[Turn], client: list[Turn], turns: list[Turn]) -> Finding:
    last = agent[-2:]
    if found := _hits(lex.CLOSING, last, 1):
        return Finding(1.0, "The agent closes politely and offers more help.", found)
    if found := _hits(lex.THANKS, last, 1):
        return Finding(0.6, "The agent ends politely but offers nothing more.", found)
    return Finding(0.2, "The last message ends without a closing.", [Quote(agent[-1], _first(agent[-1]))])


def _empathy(_: Criterion, agent: list[Turn], client: list[Turn], turns: list[Turn]) -> Finding:
    mood = min((lex.sentiment(t.text) for t in client), default=0.0)
    found = _hits(lex.EMPATHY, agent)
    if rude := _hits(lex.RUDE, agent, 1):
        return Finding(0.0, "The agent is dismissive instead of understanding.", rude)
    if found:
        return Finding(
            1.0 if len(found) > 1 or mood >= 0 else 0.85,
            "The agent acknowledges what the customer went through.",
            found,
        )
    if mood >= 0:
        return Finding(0.7, "The customer was not upset; the agent stays neutral.", [Quote(agent[0], _first(agent[0]))])
    return Finding(
        0.1, "The customer is upset and the agent never acknowledges it.", [Quote(agent[0], _first(agent[0]))]
    )


def _tone(_: Criterion, agent: list[Turn], client: list[Turn], turns: list[Turn]) -> Finding:
    if rude := _hits(lex.RUDE, agent):
        return Finding(0.0 if len(rude) > 1 else 0.2, "The agent uses words that put the customer down.", rude)
    kind = _hits(lex.EMPATHY, agent, 1) + _hits(lex.THANKS, agent, 1) + _hits(lex.GREETING, agent, 1)
    curt = sum(len(words(t.text)) < 5 for t in agent) > len(agent) / 2
    if curt:
        return Finding(
            0.5, "Polite enough, but most answers are a few curt words.", [Quote(agent[0], _first(agent[0]))]
        )
    return Finding(
        1.0 if len(kind) > 1 else 0.8, "The agent stays polite throughout.", kind or [Quote(agent[0], _first(agent[0]))]
    )


def _promise(_: Criterion, agent: list[Turn], client: list[Turn], turns: list[Turn]) -> Finding:
    if made := _hits(lex.PROMISE, agent):
        return Finding(0.0, "The agent promises something that cannot be promised.", made)
    return Finding(1.0, "No promise or guarantee beyond what can be kept.", [Quote(agent[-1], _first(agent[-1]))])


def _resolution(_: Criterion, agent: list[Turn], client: list[Turn], turns: list[Turn]) -> Finding:
    question = " ".join(t.text for t in client)
    acted = _hits(lex.ACTION, agent)
    dodged = _hits(lex.DEFLECTION, agent) + _hits(lex.RUDE, agent, 1)
    pleased = [q for q in _hits(lex.THANKS, client[1:]) if not lex.has(lex.NEGATIVE, q.text)]
    still_cross = bool(client) and len(client) > 1 and lex.sentiment(client[-1].text) < 0
    level = 0.35 + (0.3 if acted else 0) + (0.1 if len(acted) > 1 else 0) + (0.25 if pleased else 0)
    level += 0.1 * (max((overlap(t.text, question) for t in agent), default=0) > 0.25)
    level -= 0.35 * bool(dodged) + 0.2 * still_cross
    level = max(0.0, min(1.0, level))
    if level >= 0.75:
        why = "The agent gives a concrete answer" + (" and the customer confirms it." if pleased else ".")
    elif level >= 0.4:
        why = "Part of the question is answered; a next step is missing or unclear."
    else:
        why = "The customer leaves without an answer."
    best = (dodged if level < 0.4 else acted) or acted or [Quote(agent[-1], _first(agent[-1]))]
    return Finding(level, why, best[:2] + (pleased[:1] if level >= 0.75 else []))


def _ownership(_: Criterion, agent: list[Turn], client: list[Turn], turns: list[Turn]) -> Finding:
    if dodged := _hits(lex.DEFLECTION, agent, 1) + _hits(lex.RUDE, agent, 1):
        return Finding(0.1, "The agent pushes the problem back to the customer.", dodged)
    if found := _hits(lex.OWNERSHIP, agent):
        return Finding(1.0 if len(found) > 1 else 0.8, "The agent takes the matter into their own hands.", found)
    return Finding(0.4, "The agent answers but takes no further responsibility.", [Quote(agent[-1], _first(agent[-1]))])


def _discovery(_: Criterion, agent: list[Turn], client: list[Turn], turns: list[Turn]) -> Finding:
    asked = [Quote(t, s[:400]) for t in agent for s in sentences(t.text) if s.rstrip().endswith(("?", "？"))][:3]
    if asked:
        return Finding(
            1.0 if len(asked) > 1 else 0.75, "The agent asks what is needed to understand the problem.", asked
        )
    return Finding(0.4, "The agent asks nothing before answering.", [Quote(agent[0], _first(agent[0]))])


def _verification(_: Criterion, agent: list[Turn], client: list[Turn], turns: list[Turn]) -> Finding:
    if found := _hits(lex.VERIFY, agent, 1):
        return Finding(1.0, "The agent checks who they are talking to.", found)
    sensitive = lex.intent(" ".join(t.text for t in client)) in ("account_change", "login", "refund", "billing")
    return Finding(
        0.2 if sensitive else 0.8,
        "No check of identity" + (" although account matters are discussed." if sensitive else "; none was needed."),
        [Quote(agent[0], _first(agent[0]))],
    )


def _speed(_: Criterion, agent: list[Turn], client: list[Turn], turns: list[Turn]) -> Finding:
    waits = _hits(
        re.compile(
            r"still waiting|anyone there|hello\?|any update|any news|days? (?:ago|now)|sigo esperando|immer noch|toujours"
        ),
        client,
        2,
    )
    if waits:
        return Finding(0.2, "The customer has to ask again for an answer.", waits)
    return Finding(0.85, "The customer never has to chase the agent.", [Quote(agent[0], _first(agent[0]))])


def _grammar(_: Criterion, agent: list[Turn], client: list[Turn], turns: list[Turn]) -> Finding:
    sloppy = [
        Quote(t, _first(t))
        for t in agent
        if t.text[:1].islower() or re.search(r"\b(?:u|ur|pls|thx|gonna|dunno|teh)\b|[!?]{3,}", t.text)
    ][:2]
    if sloppy:
        return Finding(0.4, "Careless writing: abbreviations, missing capitals or piled-up marks.", sloppy)
    return Finding(0.95, "Clear and correct sentences.", [Quote(agent[0], _first(agent[0]))])


def _personal(_: Criterion, agent: list[Turn], client: list[Turn], turns: list[Turn]) -> Finding:
    names = {flat(t.author).split()[0] for t in client if t.author.strip()}
    used = [Quote(t, s[:400]) for t in agent for s in sentences(t.text) if names & set(words(flat(s)))][:2]
    return Finding(
        0.95 if used else 0.4,
        "The agent uses the customer's name." if used else "The customer's name is never used.",
        used or [Quote(agent[0], _first(agent[0]))],
    )


def _notes(_: Criterion, agent: list[Turn], client: list[Turn], turns: list[Turn]) -> Finding:
    notes = by(turns, "note")
    if notes:
        return Finding(0.95, "The case is documented in an internal note.", [Quote(notes[0], _first(notes[0]))])
    return Finding(0.4, "Nothing is written down for colleagues.", [Quote(agent[-1], _first(agent[-1]))])


def _language(_: Criterion, agent: list[Turn], client: list[Turn], turns: list[Turn]) -> Finding:
    theirs, ours = language(" ".join(t.text for t in client)), language(" ".join(t.text for t in agent))
    same = theirs == ours or not client
    return Finding(
        1.0 if same else 0.2, f"The customer writes {theirs}, the agent {ours}.", [Quote(agent[0], _first(agent[0]))]
    )


def _other(criterion: Criterion, agent: list[Turn], client: list[Turn], turns: list[Turn]) -> Finding:
    """An unknown criterion: how much of its own words the agent's sentences speak of."""
    wanted = f"{criterion.label} {criterion.guidance}"
    scored = [(overlap(s, wanted), Quote(t, s[:400])) for t in agent for s in sentences(t.text)]
    best = max(scored, key=lambda p: p[0], default=(0.0, Quote(agent[0], _first(agent[0]))))
    level = min(1.0, 0.45 + best[0])
    if _hits(lex.RUDE, agent, 1):
        level = min(level, 0.3)
    return Finding(level, f"Closest to “{shorten(criterion.label, 60)}” in what the agent wrote.", [best[1]])


_Read = Callable[[Criterion, list[Turn], list[Turn], list[Turn]], Finding]
_READERS: dict[str, _Read] = {
    "greeting": _greeting,
    "closing": _closing,
    "empathy": _empathy,
    "tone": _tone,
    "promise": _promise,
    "resolution": _resolution,
    "ownership": _ownership,
    "discovery": _discovery,
    "verification": _verification,
    "speed": _speed,
    "grammar": _grammar,
    "personal": _personal,
    "notes": _notes,
    "language": _language,
}
