"""What a reply must pass before it may go out unremarked. Works on any text, drafted or edited, and asks nobody.

A flag is a reason for a person to look twice, not a verdict. Articles of the knowledge base vouch for links, promises and
personal data; past replies vouch for figures and statements only, since they were written to somebody else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Literal

from sidedesk.ai import prompts, views
from sidedesk.ai.injection import Finding
from sidedesk.cx import claims as quoted
from sidedesk.cx import figures, identity, links, promises, prompt_text
from sidedesk.cx.claims import ClaimLike
from sidedesk.cx.models import FLAG_SENTENCES, Check, Evidence, Source

PROMPTS: Final = ("cx.draft", "cx.summary")
_SHOWN: Final = 3
_UNDISGUISED: Final = ("lookalike", "leetspeak")
_FINE: Final = {
    "instructions_in_message": "The customer's message gives the AI no instructions.",
    "prompt_text": "Nothing of the AI's instructions is in it.",
    "foreign_link": "Every link leads to an allowed host or stands in a cited source.",
    "promise": "It promises nothing beyond what a cited source says.",
    "foreign_personal_data": "All personal data in it comes from this conversation or from a source.",
    "unsupported_claim": "Every statement and figure stands in a source or in the conversation.",
}
_GROUPS: Final[dict[str, Literal["injection", "safety", "citations"]]] = {
    "instructions_in_message": "injection",
    "prompt_text": "injection",
    "foreign_link": "safety",
    "promise": "safety",
    "foreign_personal_data": "safety",
    "unsupported_claim": "citations",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    flags: list[str]
    checks: list[Check]
    evidence: list[Evidence]  # claims with the quote that was found; source_id is None where none was
    unknowns: list[str] = field(default_factory=list)  # claims that no source says


def examine(
    reply: str,
    *,
    thread: Sequence[str],
    sources: Sequence[Source],
    claims: Sequence[ClaimLike] = (),
    system_prompt: str = "",
    findings: Sequence[Finding] = (),
    allowed_hosts: Sequence[str] = (),
    known: Sequence[str] = (),
    others: Sequence[str] = (),
) -> Verdict:
    """`thread`: what was said in this conversation. `known`: what else belongs here (the contact's data, today, the signature).
    `system_prompt`: our text with its slots unfilled. `others`: what other customers wrote and the model saw."""
    readings = list(views.readings(reply))
    readable = [reply, *(view.text for view in readings if view.name in _UNDISGUISED)]
    evidence = quoted.check(claims, sources, thread)
    cited = _cited(sources, evidence, asked=bool(claims))
    here = [*thread, *known]
    articles = [source for source in sources if source.kind == "article"]
    past = [source.excerpt for source in sources if source.kind == "past_reply"]
    article_texts = [f"{source.title}\n{source.excerpt}\n{source.url}" for source in articles]
    every_text = [f"{source.title}\n{source.excerpt}" for source in sources]
    unsupported = [item.claim for item in evidence if item.source_id is None]
    found: dict[str, list[str]] = {
        "instructions_in_message": [finding.text for finding in findings if finding.severity == "high"],
        "prompt_text": prompt_text.repeated(readings, system_prompt),
        "foreign_link": links.foreign(reply, readings, allowed_hosts, [f"{one.url}\n{one.excerpt}" for one in cited]),
        "promise": promises.unbacked(readable, [source.excerpt for source in cited], evidence),
        "foreign_personal_data": identity.foreign(reply, here, article_texts, others, past, allowed_hosts),
        "unsupported_claim": [*unsupported, *figures.unsupported(reply, every_text, heard=here)],
    }
    return Verdict(
        [name for name, reasons in found.items() if reasons],
        [_check(name, reasons) for name, reasons in found.items()],
        evidence,
        unsupported,
    )


@lru_cache(maxsize=1)
def our_prompt() -> str:
    """The system texts of all our prompts, for replies of which nobody remembers which one made them."""
    return "\n{{ next }}\n".join(prompt.system for prompt in prompts.shipped().all() if prompt.header.task in PROMPTS)


def _cited(sources: Sequence[Source], evidence: Sequence[Evidence], *, asked: bool) -> list[Source]:
    """Articles that a true quote was taken from; all of them for a text that comes without claims and was never cited."""
    articles = [source for source in sources if source.kind == "article"]
    named = {item.source_id for item in evidence} | {source.id for source in articles if source.cited}
    cited = [source for source in articles if source.id in named]
    return cited if cited or asked else articles


def _check(name: str, reasons: Sequence[str]) -> Check:
    if not reasons:
        return Check(name=name, group=_GROUPS[name], ok=True, reason=_FINE[name])
    shown = "; ".join(f"“{' '.join(reason.split())[:160]}”" for reason in dict.fromkeys(reasons[:_SHOWN]))
    more = f" and {len(reasons) - _SHOWN} more" if len(reasons) > _SHOWN else ""
    return Check(name=name, group=_GROUPS[name], ok=False, reason=f"{FLAG_SENTENCES[name][:-1]}: {shown}{more}.")
