"""The one page for people: what this is, where to knock, what is switched on."""

import html
import json
from collections.abc import Sequence

from local.sandbox import credentials
from local.sandbox.world import World

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1d2433;background:#fff}"
    "table{border-collapse:collapse;width:100%;margin:.5rem 0 1.5rem}td,th{text-align:left;padding:.3rem .8rem .3rem 0;"
    "border-bottom:1px solid #dde2ea;vertical-align:top}code{font:14px ui-monospace,monospace;background:#f3f5f8;padding:.1rem .3rem}"
    "pre{background:#f3f5f8;padding:.8rem;overflow:auto}@media(prefers-color-scheme:dark){body{background:#14181f;color:#dbe2ee}"
    "code,pre{background:#202733}td,th{border-color:#2c3443}}"
)


def render(world: World) -> str:
    base = world.config.base
    c = credentials
    doors = [
        (
            "OpenAI-compatible model",
            f"{base}/openai/v1",
            f"Authorization: Bearer {c.OPENAI_KEY} (any key but {c.REFUSED_KEY})",
        ),
        ("Chatwoot", f"{base}/chatwoot", f"api_access_token: {c.CHATWOOT_ADMIN_TOKEN} · account {c.CHATWOOT_ACCOUNT}"),
        ("Intercom", f"{base}/intercom", f"Authorization: Bearer {c.INTERCOM_TOKEN}"),
        ("n8n webhook", f"{base}/n8n/webhook/massive-ai-audit", "Authorization: Bearer … (N8N_WEBHOOK_TOKEN)"),
        ("n8n API", f"{base}/n8n/api/v1", f"X-N8N-API-KEY: {c.N8N_API_KEY}"),
    ]
    modes = [(f"<code>{name}</code>", html.escape(json.dumps(value))) for name, value in world.modes.values.items()]
    faults = [
        (
            f"<code>{f['id']}</code>",
            html.escape(json.dumps({k: v for k, v in f.items() if v not in (None, "", {}, False, 0) and k != "id"})),
        )
        for f in world.faults.shown()
    ]
    recent = [
        (
            str(e["id"]),
            e["provider"],
            e["direction"],
            f"{e['method']} {html.escape(e['path'][:110])}",
            str(e["status"] or "…"),
        )
        for e in reversed(world.log.find(None, None, None, 0, 25))
    ]
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'><title>sidedesk sandbox</title>"
        f"<style>{_STYLE}</style><h1>sidedesk sandbox</h1>"
        "<p>This process plays the outside world on this machine: a model made of rules, a help desk, a messenger and a workflow engine. "
        "Nothing here leaves the computer, nothing here is real, and every answer carries the header <code>x-sandbox</code>.</p>"
        f"<h2>Doors</h2>{_table(('what', 'address', 'key'), [(a, f'<code>{b}</code>', f'<code>{html.escape(k)}</code>') for a, b, k in doors])}"
        f"<h2>Faults</h2>{_table(('id', 'rule'), faults) if faults else '<p>None. Everything answers as it should.</p>'}"
        "<pre>curl -X POST "
        + base
        + '/_sandbox/faults -d \'{"provider":"openai","route":"/chat/*","status":429,"times":3}\'\n'
        "curl -X DELETE " + base + "/_sandbox/faults</pre>"
        f"<h2>Switches</h2>{_table(('name', 'now'), modes)}"
        f"<h2>Last requests</h2>{_table(('#', 'provider', 'way', 'request', 'status'), recent) if recent else '<p>None yet.</p>'}</html>"
    )


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    top = "".join(f"<th>{h}</th>" for h in head)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{top}</tr>{body}</table>"
