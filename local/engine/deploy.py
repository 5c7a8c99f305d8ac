"""Bring the template into the running emulator: secrets, senders, stack. Run by the supervisor, answers JSON on stdout."""

from __future__ import annotations

import json
import sys
import time
from hashlib import sha256
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from local.engine import template
from local.engine.context import API_ID

ARTIFACTS = "sidedesk-artifacts"
TEMPLATE_KEY = "template.json"
CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
# A deployment killed half way, or refused at first, cannot be updated: it is taken down and made again.
BEYOND_UPDATE = (
    "ROLLBACK_COMPLETE",
    "ROLLBACK_FAILED",
    "CREATE_FAILED",
    "DELETE_FAILED",
    "IN_PROGRESS",
    "DELETE_COMPLETE",
)
LIMIT = 120.0
CONFLICT = 3  # exit code: what was saved contradicts itself
Json = dict[str, Any]


class StateConflict(Exception):
    """The emulator's saved state contradicts itself, as after a kill in the middle of saving."""


class Deployer:
    def __init__(self, context: Json) -> None:
        self.context = context
        self.stack: str = context["stack"]
        options = Config(retries={"total_max_attempts": 2}, connect_timeout=5, read_timeout=90)
        session = boto3.Session("test", "test", region_name=context["region"])

        def client(name: str) -> Any:
            return session.client(name, endpoint_url=context["aws"], config=options)

        self.s3, self.stacks, self.functions = client("s3"), client("cloudformation"), client("lambda")
        self.secrets, self.mail = client("secretsmanager"), client("sesv2")
        self.gateway = client("apigatewayv2")

    def put_secrets(self) -> None:
        for name, value in self.context["secrets"].items():
            text = json.dumps(value)
            try:
                self.secrets.create_secret(Name=name, SecretString=text)
            except self.secrets.exceptions.ResourceExistsException:
                self.secrets.put_secret_value(SecretId=name, SecretString=text)

    def verify_senders(self, values: dict[str, str]) -> None:
        """Every address the stack is told to send from counts as verified."""
        for address in (value for value in values.values() if "@" in value and "://" not in value):
            try:
                self.mail.create_email_identity(EmailIdentity=address)
            except self.mail.exceptions.AlreadyExistsException:
                continue

    def _ensure_bucket(self) -> None:
        try:
            self.s3.create_bucket(Bucket=ARTIFACTS)
        except self.s3.exceptions.BucketAlreadyOwnedByYou:
            return

    def upload(self, content: bytes) -> str:
        key = f"{sha256(content).hexdigest()[:24]}.zip"
        self.s3.put_object(Bucket=ARTIFACTS, Key=key, Body=content)
        return f"s3://{ARTIFACTS}/{key}"

    def deploy(self) -> Json:
        root = Path(self.context["template"]).parent
        document = template.load(Path(self.context["template"]))
        values = template.parameters(document, self.context["parameters"])
        places = template.Places(root, Path(self.context["python"]), Path(self.context["layers"]))
        self._ensure_bucket()
        expanded = template.prepare(document, places, values, self.upload)
        self.put_secrets()
        self.verify_senders(values)
        self._apply(expanded, values)
        self._check_api(expanded)
        self._reserve_concurrency(expanded)
        stack = self._describe()
        return {
            "outputs": {out["OutputKey"]: out["OutputValue"] for out in stack.get("Outputs", [])},
            "functions": sum(r["Type"] == "AWS::Lambda::Function" for r in expanded["Resources"].values()),
            "resources": len(expanded["Resources"]),
        }

    def _apply(self, expanded: Json, values: dict[str, str]) -> None:
        if len(expanded["Resources"]) > 500:
            raise template.TemplateProblem(f"{len(expanded['Resources'])} resources; a stack holds at most 500")
        # A template in the request may have 51,200 bytes, one in a bucket a megabyte.
        body = json.dumps(expanded, separators=(",", ":")).encode()
        self.s3.put_object(Bucket=ARTIFACTS, Key=TEMPLATE_KEY, Body=body)
        # The emulator does not know every kind of thing; what it cannot make it names, and we say so.
        request: Json = {
            "StackName": self.stack,
            "TemplateURL": f"{self.context['aws']}/{ARTIFACTS}/{TEMPLATE_KEY}",
            "Capabilities": CAPABILITIES,
            "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()],
        }
        stack = self._describe()
        if stack and (stack["StackStatus"].endswith(BEYOND_UPDATE) or stack["StackStatus"].startswith("DELETE")):
            self.stacks.delete_stack(StackName=self.stack)
            self._settle()
            stack = {}
        before = {event["EventId"] for event in self._events()} if stack else set()
        try:
            if stack:
                self.stacks.update_stack(**request)
            else:
                self._create(request, adopt=self._files_outlived(expanded))
        except ClientError as exc:
            if "No updates are to be performed" in str(exc):
                return
            raise
        status = self._settle()
        if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            causes = [
                f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', event['ResourceStatus'])}"
                for event in self._events()
                if event["EventId"] not in before and "FAILED" in event["ResourceStatus"]
            ]
            if not stack and any("already" in cause for cause in causes):
                raise StateConflict("; ".join(causes))
            raise template.TemplateProblem(f"the stack ended in {status}: " + "; ".join(causes or ["no cause given"]))

    def _files_outlived(self, expanded: Json) -> bool:
        """Is a bucket of this template there already, left by a stack that had to be forgotten?"""
        wanted = {
            resource["Properties"].get("BucketName")
            for resource in expanded["Resources"].values()
            if resource["Type"] == "AWS::S3::Bucket"
        }
        return any(bucket["Name"] in wanted for bucket in self.s3.list_buckets()["Buckets"])

    def _create(self, request: Json, adopt: bool) -> None:
        """By a change set, because only that adopts a bucket that outlived an earlier stack."""
        name = "first"
        self.stacks.create_change_set(
            **request,
            ChangeSetName=name,
            ChangeSetType="CREATE",
            ImportExistingResources=adopt,
            DisableValidation=adopt,
        )
        place = {"StackName": self.stack, "ChangeSetName": name}
        deadline = time.monotonic() + LIMIT
        while (found := self.stacks.describe_change_set(**place))["Status"].endswith(("PENDING", "IN_PROGRESS")):
            if time.monotonic() > deadline:
                raise template.TemplateProblem(f"the change set did not settle within {LIMIT:.0f} s")
            time.sleep(0.05)
        if found["Status"] != "CREATE_COMPLETE":
            reason = found.get("StatusReason", found["Status"])
            self.stacks.delete_stack(StackName=self.stack)
            if "already" in reason or "Validation" in reason:
                raise StateConflict(reason)
            raise template.TemplateProblem(f"the stack cannot be made: {reason}")
        self.stacks.execute_change_set(**place)

    def _check_api(self, expanded: Json) -> None:
        if any(resource["Type"] == "AWS::ApiGatewayV2::Api" for resource in expanded["Resources"].values()):
            try:
                self.gateway.get_api(ApiId=API_ID)
            except self.gateway.exceptions.NotFoundException as exc:
                raise StateConflict("the stack is there, its API is not") from exc

    def _reserve_concurrency(self, expanded: Json) -> None:
        """The emulator reads this only from its own call, not from the template."""
        wanted = {
            name: resource["Properties"]["ReservedConcurrentExecutions"]
            for name, resource in expanded["Resources"].items()
            if resource["Type"] == "AWS::Lambda::Function"
            and isinstance(resource["Properties"].get("ReservedConcurrentExecutions"), int)
        }
        for name, count in wanted.items():
            physical = self.stacks.describe_stack_resource(StackName=self.stack, LogicalResourceId=name)
            self.functions.put_function_concurrency(
                FunctionName=physical["StackResourceDetail"]["PhysicalResourceId"], ReservedConcurrentExecutions=count
            )

    def _events(self) -> list[Json]:
        events: list[Json] = self.stacks.describe_stack_events(StackName=self.stack)["StackEvents"]
        return events

    def _describe(self) -> Json:
        try:
            stack: Json = self.stacks.describe_stacks(StackName=self.stack)["Stacks"][0]
        except ClientError as exc:
            if "does not exist" in str(exc):
                return {}
            raise
        return stack

    def _settle(self) -> str:
        deadline = time.monotonic() + LIMIT
        while time.monotonic() < deadline:
            status = str(self._describe().get("StackStatus", "DELETE_COMPLETE"))
            if not status.endswith("IN_PROGRESS"):
                return status
            time.sleep(0.1)
        raise template.TemplateProblem(f"the stack did not settle within {LIMIT:.0f} s")


def main(context_file: str) -> int:
    context = json.loads(Path(context_file).read_text(encoding="utf-8"))
    try:
        print(json.dumps(Deployer(context).deploy()))
    except template.TemplateProblem as exc:
        print(exc, file=sys.stderr)
        return 2
    except StateConflict as exc:
        print(exc, file=sys.stderr)
        return CONFLICT
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
