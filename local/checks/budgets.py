"""Does the stack stay well inside CloudFormation's and API Gateway's limits?"""

from __future__ import annotations

import json

from local.checks.tools import run

RESOURCES = 400  # CloudFormation stops at 500
ROUTES = 200  # an HTTP API stops at 300
TEMPLATE_KIB = 700  # CloudFormation stops at 1 MiB


def check() -> list[str]:
    code, output = run("local", "python", "-m", "local.checks.expand", "template.yaml")
    if code:
        return [f"the template does not expand:\n{output[-3000:]}"]
    resources = json.loads(output)["Resources"]
    routes = sum(
        len(operations)
        for resource in resources.values()
        if resource["Type"] == "AWS::ApiGatewayV2::Api"
        for operations in resource["Properties"].get("Body", {}).get("paths", {}).values()
    )
    counts = (
        ("resources", len(resources), RESOURCES),
        ("routes", routes, ROUTES),
        ("KiB of template", len(output) // 1024, TEMPLATE_KIB),
    )
    print("  " + " · ".join(f"{count} of {most} {what}" for what, count, most in counts))
    return [f"{count} {what}, {most} are agreed" for what, count, most in counts if count > most]
