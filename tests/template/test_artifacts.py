"""The inspection of a build finds what would fail once deployed."""

from __future__ import annotations

import importlib.util
import py_compile
import subprocess
from pathlib import Path

import pytest

from local import artifacts
from tests.support.lambdas import ROOT

TEMPLATE = """
Globals: {Function: {Layers: [{Ref: Core}]}}
Resources:
  Core: {Type: "AWS::Serverless::LayerVersion", Properties: {ContentUri: Core}}
  Extra: {Type: "AWS::Serverless::LayerVersion", Properties: {ContentUri: Extra}}
  Hello: {Type: "AWS::Serverless::Function", Properties: {CodeUri: Hello, Layers: [{Ref: Extra}]}}
  Console: {Type: "AWS::Serverless::Function", Properties: {CodeUri: Console}}
"""
ARM = b"\x7fELF" + bytes(14) + (183).to_bytes(2, "little")
INTEL = b"\x7fELF" + bytes(14) + (62).to_bytes(2, "little")


@pytest.fixture
def build(tmp_path: Path) -> Path:
    def write(name: str, content: bytes = b"") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    write("template.yaml", TEMPLATE.encode())
    write("Hello/app.py", b"x = 1\n")
    write("Console/app.py")
    write("Console/page/index.html", b"<html>")
    write("Console/page/app.js")
    source = write("Core/python/one.py", b"x = 1\n")
    write("Extra/python/native.cpython-313-aarch64-linux-gnu.so", ARM + bytes(1000))
    write("Extra/python/thing-1.dist-info/METADATA")
    write("Extra/python/thing-1.dist-info/WHEEL", b"Tag: cp313-cp313-manylinux_2_28_aarch64\n")
    py_compile.compile(str(source), invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    return tmp_path


def test_a_good_build_has_no_problem(build: Path) -> None:
    assert artifacts.problems(build) == []
    assert artifacts.bytecode_problems(build, importlib.util.MAGIC_NUMBER) == []


def test_a_function_weighs_what_it_carries(build: Path) -> None:
    layers = artifacts.layers(build)
    assert set(layers) == {"Core", "Extra"}
    assert artifacts.functions(build)["Hello"] == 6 + layers["Core"] + layers["Extra"]
    assert artifacts.functions(build)["Console"] < layers["Core"] + 20


def test_bytecode_of_another_python_is_found(build: Path) -> None:
    (found,) = artifacts.bytecode_problems(build, b"\x00\x00\r\n")
    assert "another Python" in found


def test_bytecode_that_looks_at_its_source_is_found(build: Path) -> None:
    py_compile.compile(str(build / "Core/python/one.py"), invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH)
    (found,) = artifacts.bytecode_problems(build, importlib.util.MAGIC_NUMBER)
    assert "look at its source" in found


def test_missing_bytecode_is_found(build: Path) -> None:
    for path in build.rglob("*.pyc"):
        path.unlink()
    assert artifacts.bytecode_problems(build, importlib.util.MAGIC_NUMBER) == ["no bytecode was shipped"]


def test_native_code_of_another_platform_is_found(build: Path) -> None:
    (build / "Extra/python/native.cpython-313-aarch64-linux-gnu.so").write_bytes(INTEL)
    (build / "Extra/python/thing-1.dist-info/WHEEL").write_text("Tag: cp313-cp313-macosx_11_0_arm64\n")
    found = "\n".join(artifacts.problems(build))
    assert "does not run on arm64 Linux" in found
    assert "wheel of another platform" in found


def test_a_console_without_its_page_is_found(build: Path) -> None:
    (build / "Console/page/index.html").unlink()
    assert artifacts.problems(build) == ["Console was packaged without its page"]


def test_too_much_weight_is_found(build: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifacts, "LAYER_BUDGET", {"Extra": 0})
    monkeypatch.setattr(artifacts, "FUNCTION_BUDGET", 0)
    found = artifacts.problems(build)
    assert len(found) == 3  # the layer, and both functions


def test_aliases_in_the_built_template_are_found(build: Path) -> None:
    (build / "template.yaml").write_text(TEMPLATE + "Outputs: {A: &id001 {Value: x}, B: *id001}\n")
    assert any("aliases" in problem for problem in artifacts.problems(build))


def test_what_the_gateway_loads_ships_with_bytecode() -> None:
    """Parts of the model client without bytecode must be those that nobody loads."""
    makefile = (ROOT / "layers/dependencies/Makefile").read_text(encoding="utf-8")
    cold = next(line.split(":=")[1].strip() for line in makefile.splitlines() if line.startswith("COLD"))
    script = f"""
import re, sys
from openai import OpenAI
client = OpenAI(api_key="x", base_url="http://127.0.0.1:9/v1")
client.chat.completions, client.embeddings, client.audio.transcriptions, client.beta if False else None
import cryptography.hazmat.primitives.asymmetric.rsa, jwt, psycopg
print([m.__file__ for m in list(sys.modules.values()) if re.search({cold!r}, getattr(m, "__file__", None) or "")])
"""
    python = ROOT / ".local/venv/runtime/bin/python"
    if not python.exists():
        pytest.skip("needs the local environment: make setup-local")
    environment = {"PYTHONPATH": str(ROOT / ".local/layers/dependencies/python"), "PATH": "/usr/bin:/bin"}
    done = subprocess.run([str(python), "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
