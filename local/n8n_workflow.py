"""The audit workflow for n8n, built from readable parts: `python3 -m local.n8n_workflow` writes the file to import.

Code of the Code nodes is in `events/n8n/code/*.js`, the judge's prompt in `events/n8n/judge-prompt.md`. The result holds no
host, no secret and no id of anybody's n8n: credentials are named, addresses are three placeholders of the Settings node.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

Doc = dict[str, Any]

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "events" / "n8n"
WORKFLOW = FOLDER / "massive-ai-audit-workflow.json"
PLACEHOLDERS = {"sidedesk_url": "__SIDEDESK_URL__", "intercom_url": "__INTERCOM_URL__", "model": "__MODEL__"}

# Ids must be unique and stay the same from build to build.
_NAMESPACE = UUID("5f0c4c0e-3a0f-5d0e-9c61-1f9d3f1b7a52")

_SETTINGS = "$('Settings').first().json"
_RUN = "$('Normalise').first().json"
_AUDITS = f"={{{{ {_RUN}.sidedesk_url }}}}/api/massive-ai-audit/jobs/{{{{ {_RUN}.meta.job_id }}}}/progress"
_CALLBACK = f"={{{{ {_RUN}.sidedesk_url }}}}/functions/v1/ai-audit-callback"
_WHO = f"intercom_admin_id: {_RUN}.admin_id, n8n_execution_id: String($execution.id)"

_OUR_KEY = {"httpHeaderAuth": {"id": "", "name": "sidedesk service key"}}
_WEBHOOK_KEY = {"httpHeaderAuth": {"id": "", "name": "sidedesk webhook key"}}
_INTERCOM_KEY = {"intercomApi": {"id": "", "name": "Intercom"}}
_MODEL_KEY = {"openAiApi": {"id": "", "name": "OpenAI-compatible model"}}
_OUR_AUTH = {"authentication": "genericCredentialType", "genericAuthType": "httpHeaderAuth"}
_INTERCOM_AUTH = {"authentication": "predefinedCredentialType", "nodeCredentialType": "intercomApi"}
# As patient as n8n allows.
_PATIENCE = {"retryOnFail": True, "maxTries": 5, "waitBetweenTries": 5000}
_TO_ERROR_OUTPUT = {"onError": "continueErrorOutput"}


class Builder:
    """Nodes and the lines between them."""

    def __init__(self) -> None:
        self.nodes: list[Doc] = []
        self.connections: dict[str, dict[str, list[list[Doc]]]] = {}

    def node(self, name: str, kind: str, version: float, at: tuple[int, int], parameters: Doc, **more: Any) -> None:
        self.nodes.append(
            {
                "parameters": parameters,
                "id": _id(name),
                "name": name,
                "type": kind if "." in kind else f"n8n-nodes-base.{kind}",
                "typeVersion": version,
                "position": [at[0] * 220, at[1] * 160],
                **more,
            }
        )

    def line(self, source: str, target: str, output: int = 0, kind: str = "main") -> None:
        outputs = self.connections.setdefault(source, {}).setdefault(kind, [])
        while len(outputs) <= output:
            outputs.append([])
        outputs[output].append({"node": target, "type": kind, "index": 0})

    def code(self, name: str, file: str, at: tuple[int, int], mode: str = "runOnceForAllItems", **more: Any) -> None:
        text = (FOLDER / "code" / file).read_text(encoding="utf-8")
        self.node(name, "code", 2, at, {"mode": mode, "language": "javaScript", "jsCode": text}, **more)

    def question(self, name: str, at: tuple[int, int], value: str, kind: str, operation: str, right: Any = "") -> None:
        """An If node: output 0 is yes, 1 is no."""
        operator: Doc = {"type": kind, "operation": operation}
        if right == "":
            operator["singleValue"] = True
        rule = {"id": _id(f"{name} rule"), "leftValue": value, "rightValue": right, "operator": operator}
        options = {"version": 2, "caseSensitive": True, "leftValue": "", "typeValidation": "loose"}
        conditions = {"options": options, "combinator": "and", "conditions": [rule]}
        self.node(name, "if", 2.2, at, {"conditions": conditions, "options": {}})

    def ours(self, name: str, method: str, url: str, at: tuple[int, int], body: str = "", **more: Any) -> None:
        """A call to sidedesk."""
        sent = {"sendBody": True, "specifyBody": "json", "jsonBody": body} if body else {}
        parameters = {"method": method, "url": url, **_OUR_AUTH, **sent, "options": {"timeout": 30000}}
        self.node(name, "httpRequest", 4.2, at, parameters, credentials=_OUR_KEY, **_PATIENCE, **more)

    def intercom(self, name: str, method: str, url: str, at: tuple[int, int], parameters: Doc, **more: Any) -> None:
        # Without the header the answer's shape depends on the app's own settings page.
        header = {"parameters": [{"name": "Intercom-Version", "value": "2.16"}]}
        parameters = {
            "method": method,
            "url": url,
            **_INTERCOM_AUTH,
            "sendHeaders": True,
            "headerParameters": header,
            **parameters,
        }
        self.node(name, "httpRequest", 4.2, at, parameters, credentials=_INTERCOM_KEY, **_PATIENCE, **more)


def _id(name: str) -> str:
    return str(uuid5(_NAMESPACE, name))


def build() -> Doc:
    """The whole workflow, as n8n imports it."""
    made = Builder()
    _begin(made)
    _find(made)
    _judge_each(made)
    _end(made)
    return {
        "name": "sidedesk: massive AI audit",
        "nodes": made.nodes,
        "connections": made.connections,
        "settings": {"executionOrder": "v1"},
        "active": False,
        "pinData": {},
    }


def _begin(made: Builder) -> None:
    accepted = "={{ JSON.stringify({ accepted: true, execution_id: $execution.id, workflow_id: $workflow.id }) }}"
    webhook = {
        "httpMethod": "POST",
        "path": "massive-ai-audit",
        "authentication": "headerAuth",
        "responseMode": "onReceived",
        "options": {"responseData": accepted},
    }
    made.node("Trigger", "webhook", 2, (0, 0), webhook, webhookId=_id("webhook"), credentials=_WEBHOOK_KEY)
    made.node("On error", "errorTrigger", 1, (0, 2), {})
    fields = [
        {"id": _id(f"setting {name}"), "name": name, "type": "string", "value": value}
        for name, value in PLACEHOLDERS.items()
    ]
    settings = {"mode": "manual", "includeOtherFields": True, "assignments": {"assignments": fields}, "options": {}}
    made.node("Settings", "set", 3.4, (1, 1), settings, notesInFlow=True, notes="Your addresses and model go here.")
    made.question("Is error?", (2, 1), '={{ $json.execution?.error?.message ?? "" }}', "string", "notEmpty")
    made.ours(
        "Report crash",
        "POST",
        f"={{{{ {_SETTINGS}.sidedesk_url.trim().replace(/\\/+$/, '') }}}}/api/massive-ai-audit/engine-errors",
        (3, 0),
        "={{ JSON.stringify({ n8n_execution_id: String($json.execution.id), n8n_workflow_id: String($json.workflow?.id ?? ''), "
        "error_message: String($json.execution.error.message).slice(0, 2000), last_node: $json.execution.lastNodeExecuted ?? null }) }}",
    )
    made.code("Normalise", "normalise.js", (3, 2))
    made.line("Trigger", "Settings")
    made.line("On error", "Settings")
    made.line("Settings", "Is error?")
    made.line("Is error?", "Report crash", 0)
    made.line("Is error?", "Normalise", 1)


def _find(made: Builder) -> None:
    made.ours("Started", "PATCH", _AUDITS, (4, 2), f"={{{{ JSON.stringify({{ status: 'running', {_WHO} }}) }}}}")
    # A run that was cancelled, or an agent that is through already, is left alone.
    made.question("Still wanted?", (5, 2), "={{ $json.applied ?? true }}", "boolean", "true")
    # The version this run is scored by, whatever was changed since.
    version = "{{ $('Started').first().json.job?.scorecard_version ? '?version=' + $('Started').first().json.job.scorecard_version : '' }}"
    made.ours(
        "Get scorecard",
        "GET",
        f"={{{{ {_RUN}.sidedesk_url }}}}/api/scorecards/{{{{ {_RUN}.meta.scorecard_id }}}}{version}",
        (6, 2),
    )
    following = "={{ $response.body?.pages?.next ? { per_page: 150, starting_after: $response.body.pages.next.starting_after } : { per_page: 150 } }}"
    paging = {
        "paginationMode": "updateAParameterInEachRequest",
        "parameters": {"parameters": [{"type": "body", "name": "pagination", "value": following}]},
        "paginationCompleteWhen": "other",
        # n8n raises a page's error only when it is told to go on: a failed page must never count as the last one.
        "completeExpression": "={{ $response.statusCode < 300 && !$response.body?.pages?.next }}",
        "limitPagesFetched": True,
        "maxRequests": 500,
        "requestInterval": 250,
    }
    search = {
        "sendBody": True,
        "specifyBody": "json",
        "jsonBody": f"={{{{ JSON.stringify({{ query: {_RUN}.query, pagination: {{ per_page: 150 }} }}) }}}}",
        "options": {"timeout": 60000, "pagination": {"pagination": paging}},
    }
    url = f"={{{{ {_RUN}.intercom_url }}}}/conversations/search"
    made.intercom("Search", "POST", url, (7, 2), search)
    made.code("Conversations", "conversations.js", (8, 2), alwaysOutputData=True)
    total = "$('Conversations').all().filter(item => item.json.conversation_id).length"
    made.ours(
        "Totals",
        "PATCH",
        _AUDITS,
        (9, 1),
        f"={{{{ JSON.stringify({{ total_conversations: {total}, {_WHO} }}) }}}}",
        executeOnce=True,
        onError="continueRegularOutput",  # the end reports the total again
    )
    made.question("Any?", (9, 2), '={{ $json.conversation_id ?? "" }}', "string", "notEmpty")
    for source, target in (("Normalise", "Started"), ("Started", "Still wanted?"), ("Still wanted?", "Get scorecard")):
        made.line(source, target)
    for source, target in (("Get scorecard", "Search"), ("Search", "Conversations")):
        made.line(source, target)
    made.line("Conversations", "Totals")
    made.line("Conversations", "Any?")


def _judge_each(made: Builder) -> None:
    made.node("Each", "splitInBatches", 3, (10, 2), {"batchSize": 1, "options": {}})
    fetch = f"={{{{ {_RUN}.intercom_url }}}}/conversations/{{{{ $json.conversation_id }}}}?display_as=plaintext"
    made.intercom("Fetch", "GET", fetch, (11, 3), {"options": {"timeout": 30000}}, **_TO_ERROR_OUTPUT)
    made.code("Transcript", "transcript.js", (12, 3), "runOnceForEachItem", **_TO_ERROR_OUTPUT)
    made.question("Theirs?", (13, 3), "={{ $json.theirs }}", "boolean", "true")
    made.question("Worth judging?", (14, 3), '={{ $json.skipped_reason ?? "" }}', "string", "empty")
    prompt = (FOLDER / "judge-prompt.md").read_text(encoding="utf-8").strip()
    chain = {
        "promptType": "define",
        "text": "={{ $json.prompt }}",
        "hasOutputParser": False,
        "messages": {"messageValues": [{"type": "SystemMessagePromptTemplate", "message": prompt}]},
    }
    patience = {"retryOnFail": True, "maxTries": 3, "waitBetweenTries": 5000}
    made.node("Judge", "@n8n/n8n-nodes-langchain.chainLlm", 1.5, (15, 3), chain, **patience, **_TO_ERROR_OUTPUT)
    model = {
        "model": {"__rl": True, "mode": "id", "value": f"={{{{ {_RUN}.model }}}}"},
        "options": {"temperature": 0, "responseFormat": "json_object", "timeout": 120000, "maxRetries": 2},
    }
    made.node("Model", "@n8n/n8n-nodes-langchain.lmChatOpenAi", 1.2, (15, 5), model, credentials=_MODEL_KEY)
    made.code("Result", "result.js", (16, 3), "runOnceForEachItem", **_TO_ERROR_OUTPUT)
    made.ours("Callback", "POST", _CALLBACK, (17, 3), "={{ JSON.stringify($json) }}", **_TO_ERROR_OUTPUT)
    # The run has ended meanwhile, by a person or its time limit: judging on would only cost money.
    made.question("Run over?", (18, 3), "={{ $json.late ?? 0 }}", "number", "gt", 0)
    failed = (
        f"={{{{ JSON.stringify(Object.assign({{ }}, {_RUN}.meta, {{ conversation_id: $('Each').first(1).json.conversation_id, "
        "error: String($json.error?.message ?? $json.error ?? 'unknown').slice(0, 2000) })) }}"
    )
    made.ours("Item failed", "POST", _CALLBACK, (17, 5), failed, onError="continueRegularOutput")
    pause = {"resume": "timeInterval", "amount": 1, "unit": "seconds"}
    made.node("Pause", "wait", 1.1, (19, 4), pause, webhookId=_id("pause"))
    made.line("Any?", "Each", 0)
    made.line("Each", "Fetch", 1)
    made.line("Fetch", "Transcript")
    made.line("Transcript", "Theirs?")
    made.line("Theirs?", "Worth judging?", 0)
    made.line("Theirs?", "Pause", 1)
    made.line("Worth judging?", "Judge", 0)
    made.line("Worth judging?", "Result", 1)
    made.line("Model", "Judge", kind="ai_languageModel")
    made.line("Judge", "Result")
    made.line("Result", "Callback")
    made.line("Callback", "Run over?")
    made.line("Run over?", "Pause", 1)
    for source in ("Fetch", "Transcript", "Judge", "Result", "Callback"):
        made.line(source, "Item failed", 1)
    made.line("Item failed", "Pause")
    made.line("Pause", "Each")


def _end(made: Builder) -> None:
    made.code("Tally", "tally.js", (11, 1))
    body = f"={{{{ JSON.stringify(Object.assign({{ {_WHO} }}, $json)) }}}}"
    made.ours("Finished", "PATCH", _AUDITS, (12, 1), body)
    made.line("Any?", "Tally", 1)
    made.line("Each", "Tally", 0)
    made.line("Tally", "Finished")


def text() -> str:
    return json.dumps(build(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    WORKFLOW.write_text(text(), encoding="utf-8")
    sys.stdout.write(f"{WORKFLOW.relative_to(ROOT)}: {len(build()['nodes'])} nodes\n")
