"""What a person sees when the stack is up, and what other tools read: stack.json."""

from __future__ import annotations

from typing import Any


def stack_file(context: dict[str, Any], seeded: dict[str, Any] | None, deployed: dict[str, Any]) -> dict[str, Any]:
    ours = {
        "api": context["api"],
        "console": f"{context['api']}/console",
        "aws": context["aws"],
        "mail": context["mail"],
        "database_url": context["database_url"],
        "admin_database_url": context["admin_database_url"],
        "service_key": None,
        "tokens": None,
        "other_tenant": None,
        "sandbox": {**context["sandbox"], "mail": context["mail"]},
        "ports": context["ports"],
        "outputs": deployed["outputs"],
    }
    return {**ours, **(seeded or {})}


def banner(context: dict[str, Any], seeded: dict[str, Any] | None, took: float, detached: bool, sandbox: bool) -> str:
    api = context["api"]
    places = {
        "Console": f"{api}/console",
        "API guide": f"{api}/docs",
        "Captured mail": context["mail"],
        "AWS endpoint": context["aws"],
    }
    if sandbox:
        places["Sandbox"] = f"{context['sandbox']['base']}/"
    real = [name for name, url in context["sandbox"].items() if not url.startswith(context["sandbox"]["base"])]
    lines = ["", f"sidedesk is up after {took:.1f} s", ""]
    lines += [f"  {name:<14} {url}" for name, url in places.items()]
    if real:
        lines.append(f"  Real services  {', '.join(real)} (set by environment variables)")
    lines += [
        "",
        "  Keys and tokens are in .sidedesk/stack.json" if seeded else "  Addresses are in .sidedesk/stack.json",
        f"  Stop with {'make down' if detached else 'Ctrl-C or make down'}; make status shows every part",
        "  Next: make demo fills a tenant and runs an audit" if seeded else "",
    ]
    return "\n".join(line for line in lines if line is not None) + "\n"
