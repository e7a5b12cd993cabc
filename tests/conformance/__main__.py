"""Run the suite in its folder, with the list of what is known to fail: whatever else fails is an error."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

VERSION = "2025.12"
HERE = Path(__file__).parent
ROOT = HERE.parent.parent

DEVICES = {"numpy": "cpu", "strict": "array_api_strict:device1", "torch": "torch", "jax": "jax"}
"""What the suite can run over, and the device that is the default for it."""

SKIPPED = {"torch": "uint16,uint32,uint64"}
"""Dtypes that the suite is to leave alone: those that ``__array_namespace_info__`` leaves out."""

PEER = "array_api_compat.numpy"
"""NumPy by the standard's names without anygrad, to compare with."""


def script(library: str) -> str:
    """Return the line that gives the suite its namespace: anygrad, creating where the library is."""
    x64 = 'import jax; jax.config.update("jax_enable_x64", True); ' if library == "jax" else ""
    return f"exec('{x64}import anygrad as xp; xp.set_default_device(\"{DEVICES[library]}\")')"


def main() -> int:
    """Return the exit status of the suite."""
    parser = argparse.ArgumentParser(prog="tests.conformance", description=__doc__)
    parser.add_argument("path", type=Path, help="a checkout of array-api-tests, its submodule included")
    parser.add_argument("--over", choices=(*DEVICES, PEER), default="numpy")
    options, others = parser.parse_known_args()
    if not (options.path / "array-api" / "spec" / VERSION).is_dir():
        parser.error(f"{options.path} is no checkout of array-api-tests with its submodule")
    given = ["-W", "ignore", "--derandomize", "--disable-deadline", *others]
    if options.over != PEER:
        # As one word: pytest takes a path that stands alone for tests, and would load their conftest.py.
        given.append(f"--xfails-file={HERE / options.over}.txt")
    env = os.environ | {
        "ARRAY_API_TESTS_MODULE": PEER if options.over == PEER else script(options.over),
        "ARRAY_API_TESTS_SKIP_DTYPES": SKIPPED.get(options.over, ""),
        "ARRAY_API_TESTS_VERSION": VERSION,
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
    }
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "array_api_tests", *given]
    return subprocess.run(command, cwd=options.path, env=env, check=False).returncode


sys.exit(main())
