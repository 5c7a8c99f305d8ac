"""What can be set is written down."""

import inspect

from sidedesk.platform import settings
from sidedesk.platform.cx_options import CxOptions
from sidedesk.platform.integration_kinds import CONFIGS
from sidedesk.platform.provisioning import Variables
from sidedesk.platform.run_limits import Limits
from sidedesk.platform.tenant_options import Flags
from sidedesk.platform.upload_types import PURPOSES
from tests.support.lambdas import ROOT


def test_every_setting_is_in_the_documentation() -> None:
    text = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    groups = [kind for _, kind in inspect.getmembers(settings, inspect.isclass) if issubclass(kind, settings.Settings)]
    names = {field.upper() for group in groups for field in group.model_fields}
    names |= set(Variables.model_fields) | {f"limits.{name}" for name in Limits.model_fields}
    names |= {f"flags.{name}" for name in Flags.model_fields} | set(CONFIGS)
    names |= {f"cx.{name}" for name in CxOptions.model_fields}
    missing = sorted(name for name in names if f"`{name}`" not in text)
    assert missing == []
    numbers = [("limits", *item) for item in Limits.model_fields.items()]
    numbers += [("cx", name, f) for name, f in CxOptions.model_fields.items() if type(f.default) in (int, float)]
    for group, name, field in numbers:
        row = next(line for line in text.splitlines() if line.startswith(f"| `{group}.{name}` |"))
        assert f"| {field.default} |" in row, row


def test_every_purpose_of_uploads_is_in_the_guide() -> None:
    text = (ROOT / "docs/api.md").read_text(encoding="utf-8")
    for name, allowed in PURPOSES.items():
        row = next(line for line in text.splitlines() if f"`{name}`" in line)
        assert f"{allowed.largest // 1024 // 1024} MB" in row
