"""The layer rule and the size of things, read from the source itself."""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.no_database

ROOT = Path(__file__).parents[1]
MAY_IMPORT = {
    "controllers": {"controllers", "schemas", "services", "models"},
    "commands": {"commands", "services", "models"},
    "services": {"services", "models"},
    "schemas": {"schemas", "models"},
    "models": {"models"},
}
OURS = set(MAY_IMPORT) | {"tests"}
HTTP = {"flask", "werkzeug", "flask_smorest", "gunicorn", "webargs"}
EXCEPTIONS = {"models": {"flask_sqlalchemy"}, "schemas": {"flask_marshmallow"}}
WEB_NEVER = {"sklearn", "joblib", "onnx"}


def sources(package: str = "") -> list[Path]:
    wanted = [package] if package else list(MAY_IMPORT)
    return [path for each in wanted for path in sorted((ROOT / each).rglob("*.py"))]


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            yield node.module or ""


@pytest.mark.parametrize("layer", MAY_IMPORT)
def test_a_layer_imports_nothing_above_it(layer: str) -> None:
    for path in sources(layer):
        tops = {name.split(".")[0] for name in imported(path)}
        assert tops & OURS <= MAY_IMPORT[layer], path


@pytest.mark.parametrize("layer", ["models", "schemas", "services", "commands"])
def test_only_controllers_know_http(layer: str) -> None:
    for path in sources(layer):
        tops = {name.split(".")[0] for name in imported(path)}
        assert not tops & HTTP, path
        flasks = {top for top in tops if top.startswith("flask_")}
        assert flasks <= EXCEPTIONS.get(layer, set()), path


def test_no_import_hides_inside_a_function() -> None:
    for path in sources():
        for function in functions(path):
            inner = [n for n in ast.walk(function) if isinstance(n, ast.Import | ast.ImportFrom)]
            assert not inner, f"{path}:{function.lineno}"


def test_one_file_reads_the_environment() -> None:
    """The others hand it over whole; services/__init__.py writes one variable and reads none."""
    whole = re.compile(
        r"read\(os\.environ\)|\{\*\*os\.environ, |in os\.environ\.items\(\)|os\.environ\[\"ORT_"
    )
    for path in sources():
        text = whole.sub("", path.read_text())
        assert "os.environ" not in text, path
        assert "getenv" not in text, path


def test_the_web_imports_nothing_that_unpickles() -> None:
    code = "import sys, controllers.main; print(*{m.split('.')[0] for m in sys.modules})"
    command = [sys.executable, "-c", code]
    loaded = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert not WEB_NEVER & set(loaded.stdout.split())


def test_files_are_short() -> None:
    long = {p: n for p in sources() if (n := len(p.read_text().splitlines())) > 250}
    assert not long


def test_functions_are_short() -> None:
    lengths = [length(function) for path in sources() for function in functions(path)]
    assert statistics.median(lengths) <= 7
    assert statistics.quantiles(lengths, n=10)[-1] <= 15


def functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    nodes = ast.walk(tree(path))
    return [node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The lines of a body, without its docstring."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    if not body:
        return 0
    return (body[-1].end_lineno or 0) - body[0].lineno + 1
