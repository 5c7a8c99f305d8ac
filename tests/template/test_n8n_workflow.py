"""The workflow people import: what n8n would accept silently and fail on later must fail here."""

from __future__ import annotations

import copy
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest

from local import n8n_workflow

Doc = dict[str, Any]

# What ran on a real n8n: type → version, and the number of outputs (without an error output).
KNOWN = {
    "n8n-nodes-base.webhook": (2, 1),
    "n8n-nodes-base.errorTrigger": (1, 1),
    "n8n-nodes-base.set": (3.4, 1),
    "n8n-nodes-base.if": (2.2, 2),
    "n8n-nodes-base.code": (2, 1),
    "n8n-nodes-base.httpRequest": (4.2, 1),
    "n8n-nodes-base.splitInBatches": (3, 2),
    "n8n-nodes-base.wait": (1.1, 1),
    "@n8n/n8n-nodes-langchain.chainLlm": (1.5, 1),
    "@n8n/n8n-nodes-langchain.lmChatOpenAi": (1.2, 1),
}
CREDENTIALS = {"httpHeaderAuth", "intercomApi", "openAiApi"}
KEYS = {"name", "nodes", "connections", "settings", "active", "pinData"}
HOST = re.compile(r"https?://|\b\d{1,3}(\.\d{1,3}){3}\b|\blocalhost\b")
SECRET = re.compile(r"\bBearer\s+\S|\bsk-\w|\bsd_[0-9a-f]{8}|\beyJ\w")
DENIED = re.compile(r"\$env\b|\$vars\b|process\.env")


def problems(workflow: Doc) -> list[str]:
    """Everything wrong with it, in words."""
    names = [node["name"] for node in workflow["nodes"]]
    found = [
        f"two nodes have the {key} {value!r}" for key in ("id", "name") for value in _twice(workflow["nodes"], key)
    ]
    if set(workflow) != KEYS or workflow["active"] or workflow["pinData"]:
        found.append("it carries more than a workflow, or is active")
    if workflow["settings"].get("executionOrder") != "v1":
        found.append("nodes would run in the old order")
    for node in workflow["nodes"]:
        found += [f"{node['name']}: {problem}" for problem in _node(node)]
        for text in _texts(node):
            missing = set(re.findall(r"\$\('([^']+)'\)", text)) - set(names)
            found += [f"{node['name']}: there is no node {name!r}" for name in sorted(missing)]
    return found + _lines(workflow, names) + _unreachable(workflow, names)


def _node(node: Doc) -> Iterator[str]:
    version, _ = KNOWN.get(node["type"], (None, 0))
    if version != node["typeVersion"]:
        yield f"{node['type']} {node['typeVersion']} was never run"
    if node["type"].endswith((".webhook", ".wait")) and not _is_uuid(node.get("webhookId")):
        yield "no webhookId: its address would be another"
    for kind, credential in node.get("credentials", {}).items():
        if kind not in CREDENTIALS or credential["id"] or not credential["name"]:
            yield "credentials are named, never identified"
    authentication = node["parameters"].get("genericAuthType") or node["parameters"].get("nodeCredentialType")
    if node["type"].endswith(".httpRequest") and authentication not in node.get("credentials", {}):
        yield "no credential for its authentication"
    if node.get("retryOnFail") and not (2 <= node["maxTries"] <= 5 and 0 <= node["waitBetweenTries"] <= 5000):
        yield "n8n tries 2 to 5 times, with at most 5 s between"
    for text in _texts(node):
        for pattern, what in ((HOST, "a host"), (SECRET, "a secret"), (DENIED, "a variable n8n denies")):
            if pattern.search(text):
                yield f"holds {what}: {pattern.search(text).group()}"  # type: ignore[union-attr]
        if text.startswith("=") and not _expressions_end_where_they_should(text):
            yield f"an expression ends too early: {text[:80]}"


def _expressions_end_where_they_should(text: str) -> bool:
    """`}}` ends an expression, wherever it stands; what is before it must be whole."""
    for expression in re.findall(r"\{\{(.*?)\}\}", text, re.DOTALL):
        bare = re.sub(r"'[^']*'|\"[^\"]*\"|/(?:\\.|[^/\n])+/", "", expression)
        if any(bare.count(a) != bare.count(b) for a, b in ("()", "[]", "{}")):
            return False
    rest = re.sub(r"\{\{.*?\}\}", "", text, flags=re.DOTALL)
    return "{{" not in rest and "}" not in rest


def _lines(workflow: Doc, names: list[str]) -> Iterator[str] | list[str]:
    nodes = {node["name"]: node for node in workflow["nodes"]}
    found = []
    for source, kinds in workflow["connections"].items():
        if source not in nodes:
            found.append(f"a line starts at {source!r}, which is no node")
            continue
        node = nodes[source]
        outputs = KNOWN.get(node["type"], (None, 0))[1] + (node.get("onError") == "continueErrorOutput")
        for kind, wired in kinds.items():
            expected = "ai_languageModel" if node["type"].endswith(".lmChatOpenAi") else "main"
            if kind != expected or len(wired) > outputs:
                found.append(f"{source} has no output {kind} {len(wired) - 1}")
            found += [f"a line of {source} ends nowhere" for output in wired for line in output if line["node"] not in names or line["type"] != kind]  # fmt: skip
    for name, node in nodes.items():
        wired = workflow["connections"].get(name, {}).get("main", [])
        errors = KNOWN.get(node["type"], (None, 0))[1]
        if node.get("onError") == "continueErrorOutput" and not (len(wired) > errors and wired[errors]):
            found.append(f"{name}: what fails here is told to nobody")
    return found


def _unreachable(workflow: Doc, names: list[str]) -> list[str]:
    lines = workflow["connections"]
    reached, open_ = set(), [n["name"] for n in workflow["nodes"] if n["type"].endswith((".webhook", ".errorTrigger"))]
    while open_:
        name = open_.pop()
        if name not in reached:
            reached.add(name)
            open_ += [line["node"] for output in lines.get(name, {}).get("main", []) for line in output]
    helpers = {name for name in names for output in lines.get(name, {}).get("ai_languageModel", []) for line in output if line["node"] in reached}  # fmt: skip
    return [f"{name} is never reached" for name in names if name not in reached | helpers]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)


def _twice(nodes: list[Doc], key: str) -> list[str]:
    return [value for value, count in Counter(node[key] for node in nodes).items() if count > 1]


def _is_uuid(text: Any) -> bool:
    try:
        return str(UUID(text)) == text
    except (TypeError, ValueError):
        return False


@pytest.fixture(scope="module")
def workflow() -> Doc:
    loaded: Doc = json.loads(n8n_workflow.WORKFLOW.read_text(encoding="utf-8"))
    return loaded


def test_the_file_is_what_the_parts_make():
    assert n8n_workflow.WORKFLOW.read_text(encoding="utf-8") == n8n_workflow.text(), "run python3 -m local.n8n_workflow"


def test_nothing_is_wrong_with_it(workflow):
    assert problems(workflow) == []


def test_its_placeholders_stand_once_each_in_the_settings(workflow):
    text = json.dumps(workflow)
    assert {name: text.count(name) for name in n8n_workflow.PLACEHOLDERS.values()} == dict.fromkeys(n8n_workflow.PLACEHOLDERS.values(), 1)  # fmt: skip
    assert set(re.findall(r"__[A-Z_]+__", text)) == set(n8n_workflow.PLACEHOLDERS.values())


def _named(workflow: Doc, name: str) -> Doc:
    return next(node for node in workflow["nodes"] if node["name"] == name)


def _set(name: str, /, **values: Any) -> Callable[[Doc], None]:
    return lambda workflow: _named(workflow, name).update(values)


def _parameter(name: str, /, **values: Any) -> Callable[[Doc], None]:
    return lambda workflow: _named(workflow, name)["parameters"].update(values)


MUTATIONS: list[tuple[str, Callable[[Doc], Any]]] = [
    ("was never run", _set("Callback", typeVersion=9)),
    ("was never run", _set("Each", type="n8n-nodes-base.loop")),
    ("two nodes have the id", lambda w: _named(w, "Each").update(id=_named(w, "Fetch")["id"])),
    ("two nodes have the name", _set("Judge", name="Fetch")),
    ("ends nowhere", _set("Pause", name="Wait")),
    ("which is no node", lambda w: w["connections"].update(Ghost={"main": []})),
    ("has no output", lambda w: w["connections"]["Callback"]["main"].append([{"node": "Pause", "type": "main", "index": 0}])),
    ("is never reached", lambda w: w["connections"].pop("Started")),
    ("is never reached", lambda w: w["connections"].pop("Model")),
    ("no webhookId", lambda w: _named(w, "Trigger").pop("webhookId")),
    ("told to nobody", lambda w: w["connections"]["Fetch"]["main"].pop()),
    ("told to nobody", lambda w: w["connections"]["Result"]["main"][1].clear()),
    ("there is no node 'Gone'", _parameter("Fetch", url="={{ $('Gone').first().json.url }}")),
    ("denies", _parameter("Report crash", url="={{ $env.SIDEDESK_URL }}/x")),
    ("denies", _parameter("Report crash", url="={{ $vars.url }}/x")),
    ("ends too early", _parameter("Callback", jsonBody="={{ JSON.stringify({a: {b: 1}}) }}")),
    ("ends too early", _parameter("Callback", jsonBody="={{ {a: {b: 1}} }}")),
    ("a host", _parameter("Callback", url="https://api.northwind.example/functions/v1/ai-audit-callback")),
    ("a secret", _parameter("Judge", text="Bearer abcdef")),
    ("never identified", _set("Model", credentials={"openAiApi": {"id": "abc", "name": "x"}})),
    ("no credential", _set("Fetch", credentials={})),
    ("at most 5 s", _set("Callback", waitBetweenTries=60000)),
    ("more than a workflow", lambda w: w.update(id="x")),
    ("more than a workflow", lambda w: w.update(active=True)),
    ("old order", lambda w: w.update(settings={})),
]  # fmt: skip


@pytest.mark.parametrize(("words", "mutate"), MUTATIONS)
def test_each_fault_is_found(workflow, words, mutate):
    broken = copy.deepcopy(workflow)
    mutate(broken)
    assert any(words in problem for problem in problems(broken)), problems(broken)
