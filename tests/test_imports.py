"""What stands where: the ladder of imports, the length of files, and what `import anygrad` brings along."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

import anygrad as ag

PACKAGE = Path(ag.__file__).parent
ROOT = PACKAGE.parent

LADDER = [
    *("errors", "arrivals", "hints", "trees", "backends", "devices", "rules", "op", "keys", "ops"),
    *(
        "construction",
        "graph",
        "hooks",
        "gradients",
        "sums",
        "tape",
        "conversion",
        "memory",
        "tensors",
        "views",
        "writes",
        "protocols",
    ),
    *("promotion", "reasons", "dispatch", "documents", "functions", "fft", "linalg", "special"),
    *("inspection", "interchange"),
    *(
        "habits",
        "methods",
        "namespace",
        "numpy",
        "saving",
        "several",
        "keeping",
        "checkpointing",
        "applications",
        "custom",
        "autograd",
    ),
    *("batches", "forwards", "arguments", "calls", "transforms", "jacobians", "custom_rules", "declaring"),
    *("implicit", "generators", "draws", "random"),
    *("layout", "pictures", "drawing", "cuda"),
    *(
        "accounting",
        "charts",
        "exchange",
        "exits",
        "watching",
        "auditing",
        "absorbing",
        "masking",
        "recording",
        "profiling",
        "anomalies",
        "comparing",
        "differences",
        "testing",
        "verifying",
        "interop",
    ),
    *("scipy", "storage", "determinism", "__init__"),
]
"""Each file imports from those before it alone; the files of a folder stand on one rung."""

MODULES = sorted(PACKAGE.rglob("*.py"))
LIBRARIES = (
    "numpy",
    "array_api_compat",
    "array_api_strict",
    "cupy",
    "dask",
    "einops",
    "einx",
    "jax",
    "optree",
    "scipy",
    "torch",
)


def rung(path: Path) -> str:
    """Return where a file stands on the ladder."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path) -> dict[str, int]:
    """Return the modules that a file imports, with the line; those for type checkers alone do not count."""
    tree = ast.parse(path.read_text())
    unseen: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            unseen |= {inner for part in node.body for inner in ast.walk(part)}
    found: dict[str, int] = {}
    for node in ast.walk(tree):
        if node in unseen:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name: node.lineno for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module == "anygrad":
            found |= {f"anygrad.{alias.name}": node.lineno for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} imports relatively"
            found[node.module or ""] = node.lineno
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_file_imports_only_from_those_below_it(path: Path) -> None:
    mine = LADDER.index(rung(path))
    for module, line in imported(path).items():
        parts = module.split(".")
        if parts[0] != "anygrad" or len(parts) == 1:
            continue
        other = LADDER.index(parts[1])
        inside = parts[1] == rung(path) and path.parent != PACKAGE
        assert other < mine or inside, f"{path.name}:{line} imports {module}, which stands above it"


def test_rows_see_op_rules_and_errors_alone() -> None:
    for path in (PACKAGE / "ops").glob("*.py"):
        theirs = {m for m in imported(path) if m.startswith("anygrad.") and not m.startswith("anygrad.ops")}
        assert theirs <= {"anygrad.op", "anygrad.rules", "anygrad.errors"}, path


@pytest.mark.parametrize("name", ["ops", "rules", "op", "graph", "sums", "tape"])
def test_formulas_and_tape_name_no_array_library(name: str) -> None:
    for path in [p for p in MODULES if rung(p) == name]:
        found = {m for m in imported(path) if m.partition(".")[0] in LIBRARIES}
        assert not found, f"{path} imports {found}"


def test_only_backends_name_an_array_library_beside_numpy() -> None:
    for path in [p for p in MODULES if rung(p) != "backends"]:
        # What stands between us and another framework has its name.
        allowed = {"optree"} if rung(path) == "trees" else {path.stem} if rung(path) == "interop" else set()
        found = {m.partition(".")[0] for m in imported(path)} & set(LIBRARIES[1:])
        assert found <= allowed, f"{path} imports {found}"


def test_every_module_is_on_the_ladder() -> None:
    assert {rung(p) for p in MODULES} == set(LADDER)
    assert len(LADDER) == len(set(LADDER))


def test_contributors_read_the_same_ladder() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    lines = re.findall(r"^    (\w[\w, ]*?/?) {2,}\S", text.partition("a test holds this:")[2], re.MULTILINE)
    assert [name.rstrip("/") for line in lines for name in line.split(", ")] == LADDER[:-1]


def test_no_file_is_long() -> None:
    files = [
        p for folder in ("anygrad", "tests", "examples", "benchmarks") for p in (ROOT / folder).rglob("*.py")
    ]
    long = {str(p.relative_to(ROOT)): n for p in files if (n := len(p.read_text().splitlines())) > 400}
    assert not long


def test_no_module_is_named_like_a_public_function() -> None:
    modules = {p.stem for p in MODULES if p.parent == PACKAGE}
    functions = {name for name in ag.__all__ if callable(getattr(ag, name))}
    # The design names this module and the issue this function; nothing reads the module off the package.
    assert modules & functions <= {"devices"}


DOORS = sorted({path.parent for path in MODULES if rung(path) in ("numpy", "scipy")})


@pytest.mark.parametrize("folder", DOORS, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_no_file_of_a_door_is_named_like_what_it_holds(folder: Path) -> None:
    door = importlib.import_module(".".join(("anygrad", *folder.relative_to(PACKAGE).parts)))
    functions = {name for name in dir(door) if callable(getattr(door, name))}
    assert not functions & {path.stem for path in folder.iterdir()}


def test_modules_open_with_what_they_own() -> None:
    for path in MODULES:
        assert ast.get_docstring(ast.parse(path.read_text())), path


PROBE = """
import sys
before = set(sys.modules)
import anygrad as ag
{then}
roots = {{name.partition('.')[0] for name in set(sys.modules) - before}}
print(*sorted(roots))
"""


@pytest.mark.parametrize(
    "then",
    [
        "",
        "x = ag.tensor([1.0], requires_grad=True); (x * x).sum().backward(); x[0]; repr(x)",
        "ag.asarray([1, 2]).tolist(); ag.device('cuda'); ag.device('torch:cpu')",
    ],
)
def test_importing_brings_no_array_library_but_numpy(then: str) -> None:
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROBE.format(then=then)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    roots = set(result.stdout.split())
    assert "anygrad" in roots
    assert not roots & (set(LIBRARIES[1:]) | {"matplotlib", "graphviz", "pytest"})


def test_public_names_exist_once() -> None:
    assert len(ag.__all__) == len(set(ag.__all__))
    for name in ag.__all__:
        assert getattr(ag, name, ag) is not ag, name
    assert set(ag.errors.__all__) <= set(ag.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'") as missing:
        ag.nothing
    assert (missing.value.name, missing.value.obj) == ("nothing", ag)  # what "Did you mean" goes by
