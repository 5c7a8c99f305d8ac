"""What a build produced: how big it is, and whether it can run where it is sent."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from local.engine.template import FUNCTION, load

MIB = 1024 * 1024
LAYER_BUDGET = {"DependenciesLayer": 65, "TextLayer": 65}  # MiB unzipped
FUNCTION_BUDGET = 150  # with all its layers; Lambda itself stops at 250
HEAVY = {"GenerateReport": 230}  # carries a typesetter and fonts
ARM64, ELF = 183, b"\x7fELF"
UNCHECKED_HASH = 0b01
FOREIGN = re.compile(r"x86_64|i686|amd64|win32|macosx|armv7|ppc64|s390x|riscv|musllinux")


def size(folder: Path) -> int:
    """Bytes of all files, which is what Lambda counts."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def layers(output: Path) -> dict[str, int]:
    return {path.name: size(path) for path in _folders(output) if (path / "python").is_dir()}


def functions(output: Path) -> dict[str, int]:
    """Each function with everything it carries."""
    shipped = layers(output)
    carried = _layers_by_function(output)
    everything = {}
    for path in _folders(output):
        if path.name not in shipped:
            everything[path.name] = size(path) + sum(shipped[name] for name in carried.get(path.name, ()))
    return everything


def table(output: Path) -> str:
    own = {path.name: size(path) for path in _folders(output)}
    lines = ["", f"  {'layer':<28}{'MiB':>8}{'budget':>9}"]
    for name, total in layers(output).items():
        lines.append(f"  {name:<28}{total / MIB:>8.1f}{LAYER_BUDGET.get(name, '') or '':>9}")
    lines += ["", f"  {'function':<28}{'own KiB':>8}{'in all':>9}{'budget':>9}"]
    for name, total in functions(output).items():
        lines.append(f"  {name:<28}{own[name] / 1024:>8.0f}{total / MIB:>9.1f}{HEAVY.get(name, FUNCTION_BUDGET):>9}")
    return "\n".join([*lines, ""])


def problems(output: Path) -> list[str]:
    """Everything that would make this build fail, or be heavier than agreed, once deployed."""
    found = [
        f"{name} has {total / MIB:.1f} MiB, {LAYER_BUDGET[name]} are agreed"
        for name, total in layers(output).items()
        if total > LAYER_BUDGET.get(name, 1000) * MIB
    ]
    for name, total in functions(output).items():
        if total > HEAVY.get(name, FUNCTION_BUDGET) * MIB:
            found.append(
                f"{name} has {total / MIB:.1f} MiB with its layers, {HEAVY.get(name, FUNCTION_BUDGET)} are agreed"
            )
        if not (output / name / "app.py").is_file():
            found.append(f"{name} has no app.py")
    found += _foreign(output) + _console(output) + _licences(output)
    if re.search(r"[&*]id\d{3}", (output / "template.yaml").read_text(encoding="utf-8")):
        found.append("the built template holds YAML aliases, which CloudFormation refuses")
    return found


def bytecode_problems(output: Path, magic: bytes) -> list[str]:
    """Every compiled file is of the runtime's kind and is trusted without looking at its source."""
    found, seen = [], 0
    for path in output.rglob("*.pyc"):
        head = path.read_bytes()[:8]
        seen += 1
        if head[:4] != magic:
            found.append(f"{path.relative_to(output)} was compiled by another Python")
        elif int.from_bytes(head[4:8], "little") != UNCHECKED_HASH:
            found.append(f"{path.relative_to(output)} makes the runtime look at its source")
    if layers(output) and not seen:
        found.append("no bytecode was shipped")
    return found[:10]


def _foreign(output: Path) -> list[str]:
    """Native code and wheels of another platform."""
    found = []
    for path in output.rglob("*"):
        if path.name == "WHEEL" and path.parent.name.endswith(".dist-info"):
            tags = [line for line in path.read_text().splitlines() if line.startswith("Tag:")]
            if tags and all(FOREIGN.search(tag) for tag in tags):
                found.append(f"{path.parent.name} is a wheel of another platform ({tags[0][5:]})")
        elif ".so" in path.suffixes or path.suffix in (".dylib", ".dll", ".pyd"):
            head = path.read_bytes()[:20]
            if head[:4] != ELF or int.from_bytes(head[18:20], "little") != ARM64:
                found.append(f"{path.relative_to(output)} does not run on arm64 Linux")
    return found


def _console(output: Path) -> list[str]:
    """In the repository the page is a link; a package must hold the files themselves."""
    page = output / "Console" / "page"
    if not page.parent.is_dir():
        return []
    if page.is_symlink() or not (page / "index.html").is_file() or not list(page.rglob("*.js")):
        return ["Console was packaged without its page"]
    return []


def _licences(output: Path) -> list[str]:
    """Trimming never touches who owns what: every package keeps its metadata."""
    found = []
    for layer in layers(output):
        for info in (output / layer / "python").glob("*.dist-info"):
            if not (info / "METADATA").is_file():
                found.append(f"{info.name} lost its metadata")
    return found


def _folders(output: Path) -> Iterator[Path]:
    yield from sorted(path for path in output.iterdir() if path.is_dir())


def _layers_by_function(output: Path) -> dict[str, list[str]]:
    """Which layers each function carries: those of all functions and its own."""
    document = load(output / "template.yaml")
    everywhere = document.get("Globals", {}).get("Function", {}).get("Layers", [])
    return {
        name: [layer["Ref"] for layer in [*everywhere, *resource["Properties"].get("Layers", [])]]
        for name, resource in document["Resources"].items()
        if resource["Type"] == FUNCTION
    }


def main(output: Path, magic: bytes) -> int:
    found = problems(output) + bytecode_problems(output, magic)
    print(table(output))
    for problem in found:
        print(f"  ✗ {problem}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1]), bytes.fromhex(sys.argv[2])))
