"""The development tasks: `nox --list` names them, and what follows `--` goes to the tool that runs.

Each session installs its needs, by the dependency groups of pyproject.toml, into an environment in .nox/
which the next run uses again (`nox -N` makes it anew). Only `cuda` runs where nox itself runs.
"""

import argparse
import shutil
import sys
import time
from pathlib import Path

import nox
from nox.command import CommandFailed

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "virtualenv"
nox.options.reuse_existing_virtualenvs = True
nox.options.error_on_external_run = True
nox.options.sessions = ["tests"]

PROJECT = nox.project.load_toml("pyproject.toml")
EXAMPLES = ("computation_graph", "rosenbrock", "regression", "custom_kernel")
# Two workers that each start a thread per core only wait for each other, and no test opens a window.
QUIET = {"OMP_NUM_THREADS": "1", "MPLBACKEND": "agg"}


def install(session: nox.Session, *groups: str) -> None:
    """Install the checkout, editable, together with some dependency groups."""
    needs = nox.project.dependency_groups(PROJECT, *groups)
    index = torch_index(session) if any(need.startswith("torch") for need in needs) else ()
    session.install("-e.", *needs, *index)


def torch_index(session: nox.Session) -> tuple[str, ...]:
    """Say where pip finds a PyTorch without several gigabytes of CUDA.

    Only Linux needs telling, and not a machine whose pip was given its own place to look for wheels.
    """
    configured = session.run_install("python", "-m", "pip", "config", "list", silent=True, log=False) or ""
    if sys.platform != "linux" or "find-links" in configured or "no-index" in configured:
        return ()
    return ("--extra-index-url", "https://download.pytorch.org/whl/cpu")


def run_examples(session: nox.Session, python: str, *arguments: str) -> None:
    """Run every example and list the pictures that they wrote."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--out", type=Path, default=Path("demo"))
    options, others = parser.parse_known_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    started = time.time()
    for name in EXAMPLES:
        session.run(python, f"examples/{name}.py", "--out", str(options.out), *others, env=QUIET)
    pictures = [path for path in sorted(options.out.iterdir()) if path.stat().st_mtime >= started - 1]
    if not pictures:
        session.error(f"the examples wrote no picture into {options.out}/")
    session.log("pictures written: " + ", ".join(map(str, pictures)))


@nox.session
def demo(session: nox.Session) -> None:
    """Run the three examples; their pictures go to demo/ (or to `-- --out FOLDER`)."""
    install(session, "demo")
    run_examples(session, "python", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Test on NumPy and array_api_strict, then the examples in docstrings and README (the default)."""
    install(session, "tests")
    session.run("pytest", "-n", "2", *session.posargs, env=QUIET)
    if not session.posargs:  # arguments ask for a part of the tests, or for options of theirs
        documented = (
            "--doctest-modules",
            "--doctest-glob=README.md",
            "--ignore=anygrad/backends",
            "--ignore=anygrad/interop",
        )
        session.run("pytest", *documented, "anygrad", "README.md", env=QUIET)


@nox.session
def backends(session: nox.Session) -> None:
    """Test on PyTorch (CPU build) and JAX too."""
    install(session, "backends")
    chosen = ("--backends", "numpy,strict,torch,jax")
    session.run("pytest", "-n", "2", *chosen, *session.posargs, env=QUIET | {"JAX_PLATFORMS": "cpu"})


@nox.session
def consumers(session: nox.Session) -> None:
    """Test what SciPy, scikit-learn and other libraries make of tensors, and SciPy's functions of our own."""
    install(session, "consumers")
    env = QUIET | {"JAX_PLATFORMS": "cpu", "SCIPY_ARRAY_API": "1"}
    session.run("pytest", "-n", "2", *(session.posargs or ["tests/consumers"]), env=env)


@nox.session
def names(session: nox.Session) -> None:
    """Look up whatever is used of CuPy, and compile its kernels, with the CuPy of today and without a GPU."""
    if sys.platform == "darwin":
        session.skip("there is no CuPy for macOS")
    install(session, "tests")
    session.install("-e.[cuda12]", "nvidia-cuda-nvrtc-cu12", "nvidia-cuda-runtime-cu12")
    session.run("pytest", "tests/test_cupy_names.py", *session.posargs, env=QUIET)
    if not session.posargs:
        kernels = (f"tests/test_{name}.py" for name in ("cupy_launches", "cupy_neural", "fusing"))
        session.run("pytest", "-k", "compiles_for_gpus", *kernels, env=QUIET)


@nox.session
def lint(session: nox.Session) -> None:
    """Check format and style (`-- --fix` mends what can be mended)."""
    session.install(*nox.project.dependency_groups(PROJECT, "lint"))
    session.run("ruff", "format", *(() if "--fix" in session.posargs else ("--check",)), ".")
    session.run("ruff", "check", *session.posargs, ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check the types strictly, of the stubs and of the modules behind them."""
    install(session, "types")
    session.run("mypy", "anygrad", *session.posargs)
    hidden = [str(stub.with_suffix(".py")) for stub in sorted(Path("anygrad").rglob("*.pyi"))]
    # A stub hides the module of its name, unless that is named.
    session.run(
        "mypy", "--cache-dir=.mypy_cache/hidden", "--follow-imports=silent", *hidden, *session.posargs
    )


@nox.session
def mutants(session: nox.Session) -> None:
    """Change every formula in turn, and expect the tests to notice."""
    install(session, "tests")
    session.run("python", "-m", "tests.mutants", *session.posargs, env=QUIET)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure, with both sides of each comparison in one run (`-- --list` names the workloads)."""
    install(session, "bench")
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session(venv_backend="none")
def cuda(session: nox.Session) -> None:
    """Run everything with `--device cuda` in the current environment (given arguments, the tests alone).

    What fails does not keep the rest from running. Figures go to benchmarks/results/, by date and card.
    """
    python = shutil.which("python") or sys.executable
    # An environment that is not ours may hold plugins that warn, and warnings are errors.
    # JAX, where it is there, would take most of the card's memory for itself.
    alone = QUIET | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
    alone["ANYGRAD_REQUIRE_BACKENDS"] = "1"  # Without a GPU this is no run that passed.
    chosen = ("-p", "xdist", "-n", "4", "--device", "cuda")
    figures = ("--device", "cuda", "--goals", "--json", "benchmarks/results")
    parts = {
        "tests": lambda: session.run(python, "-m", "pytest", *chosen, *session.posargs, env=alone),
        "examples": lambda: run_examples(session, python, "--device", "cuda"),
        "benchmarks": lambda: session.run(python, "-m", "benchmarks", *figures, env=alone),
    }
    failed = []
    for name in ["tests"] if session.posargs else list(parts):
        try:
            parts[name]()
        except CommandFailed:
            failed.append(name)
    if failed:
        session.error(f"failed: {', '.join(failed)}")
