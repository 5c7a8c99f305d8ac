"""`make deploy STAGE=dev`: build, move the schema, ship the code, finish the schema. Standard library only.

The function that migrates is a stack of its own. It is updated and asked for the `pre` migrations while the old code
still serves, and for the `post` ones once nothing old is left. A step that fails stops the rest; running the command
again is safe at any point.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from local import build
from local.bootstrap import ROOT, ensure, interpreter

STAGES = ("dev", "staging", "prod")
SCHEMA, STACK = "template-schema.yaml", "template.yaml"


def main(arguments: list[str]) -> int:
    stage = arguments[0] if arguments else ""
    if stage not in STAGES:
        raise SystemExit(f"Say where to: make deploy STAGE={'|'.join(STAGES)}")
    refuse_examples(stage)
    ensure("build")
    for template in (SCHEMA, STACK):
        if build.main([template]):
            return 1
    ship(SCHEMA, f"{stage}-schema")
    migrate(stage, "pre")
    ship(STACK, stage, f"Release={release()}")
    migrate(stage, "post")
    print(f"{stage} is deployed. What to look at in the first hour: docs/deploy.md")
    return 0


def refuse_examples(stage: str) -> None:
    """The repository's own parameters are examples; they would deploy and then serve nobody."""
    examples = [value for value in overrides(stage) if ".example" in value]
    if examples:
        raise SystemExit(
            f"samconfig.toml still holds examples for {stage}: {', '.join(examples)}.\n"
            "Replace them by your own addresses, see docs/deploy.md. Nothing was deployed."
        )


def parameters(section: str) -> dict[str, Any]:
    import tomllib

    config = tomllib.loads((ROOT / "samconfig.toml").read_text(encoding="utf-8"))
    found: dict[str, Any] = config[section]["deploy"]["parameters"]
    return found


def overrides(section: str) -> list[str]:
    found: list[str] = parameters(section)["parameter_overrides"]
    return found


def ship(template: str, section: str, *more: str) -> None:
    """`sam deploy` of what was just built, with the section's parameters. Overrides on the command line replace the file's."""
    built = build.output_of(template) / "template.yaml"
    command = [str(interpreter("build").parent / "sam"), "deploy", "--template-file", str(built)]
    command += ["--config-file", str(ROOT / "samconfig.toml"), "--config-env", section]
    if more:
        command += ["--parameter-overrides", *overrides(section), *more]
    if subprocess.run(command, cwd=ROOT, env=build.environment(), check=False).returncode:
        raise SystemExit(f"Deploying {template} failed, see above. Nothing after it was done; repair and run it again.")


def migrate(stage: str, phase: str) -> None:
    where = parameters(f"{stage}-schema")
    command = [str(interpreter("build")), "-m", "local.schema", where["stack_name"], where["region"], phase]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        serving = "The last release goes on serving." if phase == "pre" else "The new release serves already."
        raise SystemExit(f"The {phase} migrations failed: {_reason(done.stdout)} {serving} Repair, and run it again.")
    print(f"{phase} migrations: {', '.join(json.loads(done.stdout)['applied']) or 'nothing to do'}", flush=True)


def _reason(said: str) -> str:
    try:
        return str(json.loads(said).get("errorMessage", said))
    except ValueError:
        return said or "the function could not be asked, see above."


def release() -> str:
    """The commit that is deployed, marked when the working tree differs from it."""
    asked = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unreleased"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
