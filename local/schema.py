"""Ask the deployed function to migrate. Run in the `build` environment, which has the SDK: `stack region phase`.

Prints what the function answered, as JSON. Exit code 3: the function itself failed.
"""

from __future__ import annotations

import sys
from typing import Any

FAILED = 3


def migrate(stacks: Any, functions: Any, stack: str, phase: str) -> tuple[int, str]:
    """(exit code, the function's answer)."""
    outputs = stacks.describe_stacks(StackName=stack)["Stacks"][0]["Outputs"]
    name = next(one["OutputValue"] for one in outputs if one["OutputKey"] == "MigrateFunction")
    said = functions.invoke(FunctionName=name, Payload=f'{{"phase": "{phase}"}}'.encode())
    return FAILED if said.get("FunctionError") else 0, said["Payload"].read().decode()


def main(stack: str, region: str, phase: str) -> int:
    import boto3
    from botocore.config import Config

    # A migration may take minutes, and must not be asked for twice because an answer was slow.
    patient = Config(read_timeout=900, retries={"total_max_attempts": 1})
    stacks, functions = (
        boto3.client(name, region_name=region, config=patient) for name in ("cloudformation", "lambda")
    )
    code, said = migrate(stacks, functions, stack, phase)
    print(said)
    return code


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
