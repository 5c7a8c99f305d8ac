"""From template.yaml to what the emulator understands: expanded, routed, and started from the working tree.

Nothing is built: every function becomes a small `bootstrap` that starts its folder under the real runtime client with
exactly the import path it has in the cloud: its own folder, then its layers.
"""

from __future__ import annotations

import io
import json
import shlex
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml

from local.engine.context import API_ID

FUNCTION, LAYER, MACHINE = "AWS::Serverless::Function", "AWS::Serverless::LayerVersion", "AWS::Serverless::StateMachine"
ALARM = "AWS::CloudWatch::Alarm"
BOOTSTRAP = """#!/bin/sh
cd {task} || exit 1
export LAMBDA_TASK_ROOT="$PWD"
exec env PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PYTHONPATH={path} {python} -s -m awslambdaric "$_HANDLER"
"""
Json = dict[str, Any]
Upload = Callable[[bytes], str]


class TemplateProblem(Exception):
    """The template cannot run as it stands; the message names the place."""


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short tags; dates such as a policy's version stay text."""


def _short_tag(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> Json:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]
    if name == "Fn::GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {name: value}


_Loader.add_multi_constructor("!", _short_tag)
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:timestamp"]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True)
class Places:
    """Where things are on this machine."""

    root: Path  # the folder of the template: CodeUri and DefinitionUri are relative to it
    python: Path  # the interpreter of the functions
    layers: Path  # layers built for this machine, `<name>/python`


def load(path: Path) -> Json:
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # safe: _Loader extends SafeLoader
    except yaml.YAMLError as exc:
        raise TemplateProblem(f"{path.name} is not valid YAML: {exc}") from exc
    if not isinstance(document, dict) or "Resources" not in document:
        raise TemplateProblem(f"{path.name} has no Resources")
    return document


def parameters(document: Json, known: dict[str, str]) -> dict[str, str]:
    """What we know of what the template asks for; the rest keeps its default."""
    declared: Json = document.get("Parameters", {})
    missing = [name for name, spec in declared.items() if name not in known and "Default" not in spec]
    if missing:
        raise TemplateProblem(f"parameters without a local value or a default: {', '.join(missing)}")
    return {name: known[name] for name in declared if name in known}


def prepare(document: Json, places: Places, values: dict[str, str], upload: Upload) -> Json:
    """The plain CloudFormation document that the emulator deploys. `upload` stores a zip and answers its s3:// URI."""
    from samtranslator.model.exceptions import InvalidDocumentException
    from samtranslator.translator.transform import transform

    document = json.loads(json.dumps(document))
    resources = document["Resources"]
    shared = document.get("Globals", {}).get("Function", {})
    for name, resource in resources.items():
        properties: Json = resource.setdefault("Properties", {})
        if resource["Type"] == FUNCTION:
            path = import_path(name, properties, shared, resources, places)
            properties["CodeUri"] = upload(_bootstrap(path, places.python))
            properties["Runtime"] = "provided.al2023"
            properties["Layers"] = []
        elif resource["Type"] == MACHINE and "DefinitionUri" in properties:
            properties["Definition"] = _definition(places.root / properties.pop("DefinitionUri"))
        elif resource["Type"] == "AWS::S3::Bucket":
            # Files outlive a stack that had to be made again: a fixed name, and nothing deletes it.
            resource["DeletionPolicy"] = "Retain"
            properties.setdefault("BucketName", f"sidedesk-local-{name.lower()}")
    for name in [name for name, resource in resources.items() if resource["Type"] == ALARM]:
        if "Metrics" in resources[name].get("Properties", {}):
            del resources[name]  # the emulator does not add up metrics, and a laptop wakes nobody
    empty = upload(_zip("README", "layers are read from the working tree\n", 0o644))
    for resource in resources.values():
        if resource["Type"] == LAYER:
            resource["Properties"]["ContentUri"] = empty
    for ours in ("Runtime", "Layers", "CodeUri"):
        shared.pop(ours, None)
    try:
        expanded: Json = transform(document, values, SimpleNamespace(load=dict))
    except InvalidDocumentException as exc:
        causes = "; ".join(cause.message for cause in exc.causes) or exc.message
        raise TemplateProblem(f"the template does not expand: {causes}") from exc
    _spell_out_routes(expanded["Resources"])
    return expanded


def import_path(name: str, properties: Json, shared: Json, resources: Json, places: Places) -> list[Path]:
    """The function's own folder and its layers': all it can import, as in the cloud."""
    code = properties.get("CodeUri", shared.get("CodeUri"))
    if not isinstance(code, str):
        raise TemplateProblem(f"{name}: CodeUri must be a folder")
    task = (places.root / code).resolve()
    if not task.is_dir():
        raise TemplateProblem(f"{name}: its folder {code} does not exist")
    path = [task]
    for layer in [*shared.get("Layers", []), *properties.get("Layers", [])]:
        reference = layer.get("Ref") if isinstance(layer, dict) else None
        if reference not in resources:
            raise TemplateProblem(f"{name}: layer {layer} is not a resource of this template")
        path.append(_layer_folder(reference, resources[reference]["Properties"], places))
    return path


def _layer_folder(name: str, properties: Json, places: Places) -> Path:
    content = Path(str(properties.get("ContentUri", "")))
    if content.name in ("shared", "core"):  # our own code: straight from the working tree
        return (places.root / "shared").resolve()
    built = places.layers / content.name / "python"
    if not built.is_dir():
        raise TemplateProblem(
            f"{name}: the layer {content.name} is not built here (expected {built}); run make up again"
        )
    return built.resolve()


def _bootstrap(path: list[Path], python: Path) -> bytes:
    joined = ":".join(map(str, path))
    script = BOOTSTRAP.format(task=shlex.quote(str(path[0])), path=shlex.quote(joined), python=shlex.quote(str(python)))
    return _zip("bootstrap", script, 0o755)


def _zip(name: str, text: str, mode: int) -> bytes:
    """One file with a fixed date, so that equal content is an equal zip."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        entry = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
        entry.external_attr = mode << 16
        archive.writestr(entry, text)
    return out.getvalue()


def _definition(path: Path) -> Json:
    try:
        definition: Json = json.loads(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise TemplateProblem(f"the state machine {path} cannot be read: {exc.strerror}") from exc
    except ValueError as exc:
        raise TemplateProblem(f"the state machine {path.name} is not valid JSON: {exc}") from exc
    return definition


def _spell_out_routes(resources: Json) -> None:
    """The emulator ignores an API's OpenAPI body: give it the same routes as resources."""
    for name in [name for name, resource in resources.items() if resource["Type"] == "AWS::ApiGatewayV2::Api"]:
        properties = resources[name]["Properties"]
        body: Json = properties.pop("Body", None) or {}
        properties.update(Name=name, ProtocolType="HTTP")
        properties["Tags"] = {**(properties.get("Tags") or {}), "ms-custom-id": API_ID}
        if cors := body.get("x-amazon-apigateway-cors"):
            properties["CorsConfiguration"] = cors  # in camelCase, the only spelling that is read
        for path, method, operation, condition in _operations(body):
            only = {"Condition": condition} if condition else {}
            verb = "ANY" if "any" in method else method.upper()
            key = "$default" if path == "/$default" else f"{verb} {path}"
            suffix = sha256(key.encode()).hexdigest()[:10]
            resources[f"{name}Integration{suffix}"] = {
                "Type": "AWS::ApiGatewayV2::Integration",
                **only,
                "Properties": {
                    "ApiId": {"Ref": name},
                    "IntegrationType": "AWS_PROXY",
                    "IntegrationUri": operation["x-amazon-apigateway-integration"]["uri"],
                    "PayloadFormatVersion": "2.0",
                },
            }
            resources[f"{name}Route{suffix}"] = {
                "Type": "AWS::ApiGatewayV2::Route",
                **only,
                "Properties": {
                    "ApiId": {"Ref": name},
                    "RouteKey": key,
                    "Target": {"Fn::Sub": f"integrations/${{{name}Integration{suffix}}}"},
                },
            }


def _operations(body: Json) -> Iterator[tuple[str, str, Json, str | None]]:
    """(path, method, operation, condition): a function under a condition has its operations inside `Fn::If`."""
    for path, described in body.get("paths", {}).items():
        operations, outer = _chosen(described)
        for method, described_operation in operations.items():
            operation, inner = _chosen(described_operation)
            if "x-amazon-apigateway-integration" in operation:
                uri, innermost = _chosen(operation["x-amazon-apigateway-integration"])
                yield path, method, {"x-amazon-apigateway-integration": uri}, outer or inner or innermost


def _chosen(value: Json) -> tuple[Json, str | None]:
    if isinstance(value, dict) and set(value) == {"Fn::If"}:
        condition, there, _ = value["Fn::If"]
        return there, condition
    return value, None
