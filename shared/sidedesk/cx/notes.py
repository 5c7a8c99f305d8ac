"""What the team reads inside Chatwoot: the draft, what it stands on, and where to decide."""

from __future__ import annotations

from typing import Any, Final

from sidedesk.cx.models import FLAG_SENTENCES

RISKS: Final = {"low": "low", "medium": "medium", "high": "high: read with care"}


def text_of_note(row: dict[str, Any], public_url: str) -> str:
    again = f" (no. {row['number']})" if row["number"] > 1 else ""
    parts = [
        f"**Draft reply{again}: waits for approval**",
        row["reply"],
        f"Confidence {float(row['confidence']):.2f} · Risk {RISKS[row['risk']]}",
    ]
    if row["flags"]:
        parts.append("Checks: " + " ".join(FLAG_SENTENCES.get(flag, flag) for flag in row["flags"]))
    if row["unknowns"]:
        parts.append("Not known: " + " ".join(row["unknowns"]))
    parts.append(_sources(row["sources"]))
    parts.append(f"Review: {public_url}/console#/approvals/{row['draft_id']}")
    return "\n\n".join(parts)


def _sources(sources: list[dict[str, Any]]) -> str:
    if not sources:
        return "Sources: none. The draft says what it does not know."
    shown = sorted(sources, key=lambda source: (not source["cited"], -source["score"]))[:5]
    lines = [
        f"- {source['title'] if source['kind'] == 'article' else 'Earlier reply'}"
        f"{' (cited)' if source['cited'] else ''} · match {source['score']:.2f}{' · ' + source['url'] if source['url'] else ''}"
        for source in shown
    ]
    return "\n".join(["Sources:", *lines])
