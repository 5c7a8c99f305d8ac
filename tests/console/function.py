"""Loads the console's function the way Lambda does: by its file, with nothing of ours on the path."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
APP = ROOT / "functions/platform/console/app.py"


def load_console() -> ModuleType:
    name = "console_function"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, APP)
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]
