"""The rules of the house, as tests: what may import what, how long, how documented, how clean."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest

from gridgis.cli.app import app

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGES = ("gridgis", "layers", "app_pages")
FILE_LINES, FUNCTION_LINES, ARGUMENTS = 400, 40, 6
# Imported by the program, yet part of another package's promise.
SUPPLIED_BY = {"branca": "folium"}


def settings() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def tracked(*suffixes: str) -> list[Path]:
    """Return the files that git tracks or would track; from an archive, all that look like ours."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    except (OSError, subprocess.CalledProcessError):
        folders = (*PACKAGES, "tools", "tests", "benchmarks", "docs", ".ci", ".streamlit")
        found = [path for name in folders for path in (ROOT / name).rglob("*") if "vendor" not in path.parts]
        listed = [str(path.relative_to(ROOT)) for path in [*found, *ROOT.glob("*.*")]]
    paths = [ROOT / name for name in listed if name]
    return sorted(path for path in paths if path.is_file() and (not suffixes or path.suffix in suffixes))


def program() -> list[Path]:
    """Return our own Python but for the tests."""
    return [path for path in tracked(".py") if "tests" not in path.relative_to(ROOT).parts]


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(c) for c in command], cwd=ROOT, capture_output=True, text=True, check=False)


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def where(path: Path, line: int = 0) -> str:
    return path.relative_to(ROOT).as_posix() + (f":{line}" if line else "")


# -- the tools ---------------------------------------------------------------------------------------


def test_ruff_finds_nothing() -> None:
    done = run(sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format=concise", ".")
    assert done.returncode == 0, done.stdout + done.stderr


def test_mypy_finds_nothing() -> None:
    done = run(sys.executable, "-m", "mypy")
    assert done.returncode == 0, done.stdout + done.stderr


def test_imports_point_one_way() -> None:
    done = run(Path(sysconfig.get_path("scripts")) / "lint-imports", "--no-cache")
    assert done.returncode == 0, done.stdout + done.stderr


def test_docstrings_follow_numpydoc() -> None:
    files = [path for path in program() if path.relative_to(ROOT).parts[0] in PACKAGES]
    done = run(sys.executable, "-m", "numpydoc", "lint", "--config", ".", *files)
    assert [line for line in done.stderr.splitlines() if line and not is_about_fields(line)] == []


def is_about_fields(finding: str) -> bool:
    """Tell whether numpydoc, which sees no `__init__`, takes the fields of a dataclass for unknown parameters."""
    place, _, words = finding.partition(": ")
    path, _, number = place.rpartition(":")
    if not words.startswith("PR02"):
        return False
    return Path(path).read_text(encoding="utf-8").splitlines()[int(number) - 1].startswith("class ")


# -- size and shape ----------------------------------------------------------------------------------


def test_files_are_short() -> None:
    lengths = {where(path): len(path.read_text(encoding="utf-8").splitlines()) for path in tracked(".py")}
    assert {name: n for name, n in lengths.items() if n > FILE_LINES} == {}


def test_functions_are_short() -> None:
    found = {where(path, f.lineno) + f" {f.name}": body_lines(f) for path in program() for f in functions(path)}
    assert {name: n for name, n in found.items() if n > FUNCTION_LINES} == {}


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the lines from `def` to the end, less those of the docstring."""
    assert function.end_lineno is not None
    doc = function.body[0] if ast.get_docstring(function) is not None else None
    doc_lines = 0 if doc is None or doc.end_lineno is None else doc.end_lineno - doc.lineno + 1
    return function.end_lineno - function.lineno + 1 - doc_lines


def test_functions_take_few_arguments() -> None:
    # A command's arguments are its options on the command line, one each.
    commands = {command.callback for command in app.registered_commands}
    places = {(c.__code__.co_filename, c.__name__) for c in commands if c is not None}
    found = {
        where(path, f.lineno) + f" {f.name}": n
        for path in program()
        for f in functions(path)
        if (n := argument_count(f)) > ARGUMENTS and (str(path), f.name) not in places
    }
    assert found == {}


def argument_count(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    return sum(argument.arg not in ("self", "cls") for argument in arguments)


def test_modules_keep_no_state() -> None:
    """No `global`, and no list, dict or set bound at module level but as a constant."""
    found = []
    for path in program():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found += [where(path, node.lineno) for node in ast.walk(tree) if isinstance(node, ast.Global)]
        for node in tree.body:
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            names = [target.id for target in targets if isinstance(target, ast.Name)]
            mutable = isinstance(getattr(node, "value", None), ast.List | ast.Dict | ast.Set)
            if mutable and any(name != "__all__" and not name.isupper() for name in names):
                found.append(where(path, node.lineno))
    assert found == []


def test_no_error_is_swallowed() -> None:
    found = [
        where(path, node.lineno)
        for path in program()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id in ("Exception", "BaseException")))
        and all(isinstance(line, ast.Pass) for line in node.body)
    ]
    assert found == []


# -- words -------------------------------------------------------------------------------------------

BANNED = {
    "a content network": r"jsdelivr|unpkg\.com|cdnjs|googleapis|gstatic|bootstrapcdn|d3js\.org|cartocdn",
    "a path of one machine": r"(?<![\w.])/(work|root|home/\w+|opt/(wheels|pypi))(/|\b)|\.pyenv",
    "a package registry": r"registry\.npmjs|pypi\.org|files\.pythonhosted",
    "an open end": r"\b(TODO|FIXME|XXX)\b",
}
SEARCHED = (".py", ".toml", ".txt", ".md", ".js", ".css", ".html", ".json", ".yml", ".sh", ".ipynb", "")


@pytest.mark.parametrize("what", BANNED)
def test_nothing_names(what: str) -> None:
    pattern = re.compile(BANNED[what])
    found = []
    for path in set(tracked(*SEARCHED)) - {Path(__file__).resolve()}:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        found += [f"{where(path, n)}: {line.strip()[:120]}" for n, line in enumerate(lines, 1) if pattern.search(line)]
    assert found == [], f"these lines name {what}"


# -- the lists that must be in step ------------------------------------------------------------------


def test_every_package_is_listed() -> None:
    folders = [path for name in PACKAGES for path in (ROOT / name).rglob("__init__.py")]
    found = {".".join(path.parent.relative_to(ROOT).parts) for path in folders}
    assert set(settings()["tool"]["setuptools"]["packages"]) == found


def imported(paths: list[Path]) -> set[str]:
    """Return the top-level names that `paths` import, or read files of, from outside the standard library."""
    names = set()
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Import():
                    names |= {alias.name.split(".")[0] for alias in node.names}
                case ast.ImportFrom(module=str(module), level=0):
                    names.add(module.split(".")[0])
                case ast.Call(func=ast.Name(id="files"), args=[ast.Constant(value=str(package))]):
                    names.add(package.split(".")[0])
    return names - set(sys.stdlib_module_names) - {"__future__"}


def owners_of(names: set[str]) -> set[str]:
    """Return the distributions that hold `names`, less those of our own modules."""
    owners = packages_distributions()
    own = {path.stem for path in tracked(".py")} | {*PACKAGES, "tests", "benchmarks", "tools"}
    return {canonical(owners.get(SUPPLIED_BY.get(name, name), [name])[0]) for name in names - own}


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def required(requirements: list[str]) -> set[str]:
    return {canonical(re.split(r"[<>=!~;\[ ]", line, maxsplit=1)[0]) for line in requirements}


def test_dependencies_are_what_is_imported() -> None:
    aside = ("tools", "benchmarks")
    ours = [path for path in program() if path.relative_to(ROOT).parts[0] not in aside]
    project = settings()["project"]
    optional = required(project["optional-dependencies"]["fast"])
    assert required(project["dependencies"]) | optional == owners_of(imported(ours))


def test_tests_import_what_is_installed_for_them() -> None:
    project = settings()["project"]
    extras = project["optional-dependencies"].values()
    installed = required(project["dependencies"]).union(*map(required, extras))
    assert owners_of(imported(tracked(".py"))) - installed == set()


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_requirement_is_pinned(name: str) -> None:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith(("#", "-r "))]
    loose = [line for line in pins if not re.match(r"^[A-Za-z0-9._-]+==[\w.!+]+( ;.*)?(  # via.*)?$", line)]
    assert loose == []
    project = settings()["project"]
    direct = project["dependencies"] if name == "requirements.txt" else project["optional-dependencies"]["dev"]
    # The larger file takes in the smaller one.
    more = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines() if name != "requirements.txt" else []
    assert required(direct) <= required([*pins, *(line for line in more if "==" in line)])
