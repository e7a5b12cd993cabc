"""The text of formulas as kernels: which are written, and what the text computes."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import anygrad as ag
from anygrad.backends.fusing import TYPES, Program, traced
from anygrad.devices import get_backend
from anygrad.op import REGISTRY
from tests import host_kernels
from tests.samples import cases
from tests.targets import Target

ELEMENTWISE = [name for name, row in REGISTRY.items() if row.broadcasts and not row.batched]

NOT_WRITTEN = {("abs", "c"), ("pow", "c"), ("remainder", "f")}
"""Rows of which a formula, for that kind of input, runs function by function: it calls what has no text."""

needs_compiler = pytest.mark.skipif(not host_kernels.available(), reason="there is no C++ compiler")


class Written(NamedTuple):
    """A formula of a sample: its text, what it is called with, and whose it is."""

    program: Program
    given: list[Any]
    expected: np.ndarray
    label: str


def gradient_like(out: np.ndarray) -> np.ndarray:
    """Return a gradient for an output."""
    rng = np.random.default_rng(out.size)
    g = rng.normal(size=out.shape)
    return np.asarray(g + 1j * rng.normal(size=out.shape) if out.dtype.kind == "c" else g, out.dtype)


def parameters_of(g: Any, *saved: tuple[Any, ...]) -> list[Any]:
    """Return what a program is called with."""
    every = [g, *(x for values in saved for x in values)]
    return [x for x in every if hasattr(x, "dtype") or isinstance(x, float | complex)]


def formulas() -> Iterator[tuple[str, Any, tuple[Any, ...], np.ndarray]]:
    """Yield every formula of every elementwise row on its samples, with what it saves and a gradient."""
    cpu = Target("numpy", get_backend("cpu"))
    for name in ELEMENTWISE:
        for one in (*cases(name, "numpy"), *(o.cast("float32", "complex64") for o in cases(name, "numpy"))):
            if not one.tracked:
                continue
            operands = one.made(cpu, one.tracked)
            out = one.call(cpu, operands)
            if out.node is None:
                continue
            for formula in out.node.plan.each:
                kind = "c" if any(getattr(o, "dtype", out.dtype).kind == "c" for o in operands) else "f"
                yield f"{name} {kind} {one}", formula, out.node.saved, gradient_like(out.array)


def written() -> tuple[list[Written], set[tuple[str, str]]]:
    """Return all texts, and the rows and kinds of input of which a formula has none."""
    found, missing = [], set()
    for label, formula, saved, g in formulas():
        try:
            program = traced([(g, [(formula, saved)])])
        except (AttributeError, TypeError):
            missing.add(tuple(label.split()[:2]))
            continue
        with np.errstate(all="ignore"):
            expected = np.asarray(formula(get_backend("cpu"), g, saved))
        found.append(Written(program, parameters_of(g, saved), expected, label))
    return found, missing


def close(found: np.ndarray, expected: np.ndarray, label: str) -> None:
    """Compare numbers and dtype; what is not finite in one is not in the other."""
    assert found.dtype == expected.dtype, label
    loose = 1e-5 if expected.dtype in (np.float32, np.complex64) else 1e-12
    finite = np.isfinite(expected)
    np.testing.assert_array_equal(np.isfinite(found), finite, err_msg=label)
    np.testing.assert_allclose(found[finite], expected[finite], rtol=loose, atol=loose, err_msg=label)
    if expected.dtype.kind == "f":
        np.testing.assert_array_equal(found[~finite], expected[~finite], err_msg=label)


def test_which_formulas_are_written() -> None:
    found, missing = written()
    # What calls a function of an extension, which has no text, is computed as it stands.
    assert {(name, kind) for name, kind in missing if "." not in name} == NOT_WRITTEN
    assert {one.label.split()[0] for one in found} >= {"tanh", "multiply", "maximum", "where", "logaddexp"}


@needs_compiler
def test_the_text_computes_what_the_formula_does() -> None:
    found, _ = written()
    kernels = host_kernels.compiled(
        [(one.program.parameters, one.program.dtype, host_kernels.body_of(one.program)) for one in found]
    )
    for one, kernel in zip(found, kernels, strict=True):
        close(np.broadcast_to(kernel(*one.given), one.expected.shape), one.expected, one.label)


@needs_compiler
def test_formulas_in_a_row_are_one_text() -> None:
    x = np.array([[-1.3, 0.4, 2.2], [0.9, -0.6, 1.7]])
    steps, g = [], gradient_like(x)
    y = ag.tensor(x, requires_grad=True)
    for function in (ag.tanh, lambda t: t * 1.5, lambda t: t**2, lambda t: ag.maximum(t, x), ag.exp):
        y = function(y)
        steps.insert(0, (y.node.plan.one, y.node.saved))
    program = traced([(g, steps)])
    (kernel,) = host_kernels.compiled([(program.parameters, program.dtype, host_kernels.body_of(program))])
    expected = g
    for formula, saved in steps:
        expected = formula(get_backend("cpu"), expected, saved)
    close(kernel(*parameters_of(g, *(saved for _, saved in steps))), expected, "a chain")


def test_a_scalar_widens_nothing() -> None:
    program = traced([(np.ones(2, np.float32), [(lambda xp, g, saved: g * saved[0] - 1.5, (2.0,))])])
    assert program.dtype == np.float32
    assert [dtype.name for dtype, _ in program.parameters] == ["float32", "float64"]
    assert all("double" not in line for line in program.lines)
    with pytest.raises(TypeError, match="no value"):
        traced([(np.ones(2), [(lambda xp, g, saved: g if g else -g, ())])])
    with pytest.raises(AttributeError, match="no kernel computes 'matmul'"):
        traced([(np.ones(2), [(lambda xp, g, saved: xp.matmul(g, g), ())])])


def test_every_text_compiles_for_gpus() -> None:
    """NVRTC needs no GPU: it comes with CuPy's CUDA packages."""
    cupy = pytest.importorskip("cupy", exc_type=ImportError)
    nvrtc = importlib.import_module("cupy_backends.cuda.libs.nvrtc")
    try:
        nvrtc.getVersion()
    except RuntimeError as error:
        pytest.skip(f"NVRTC is not installed: {error}")
    headers = Path(cupy.__file__).parent / "_core" / "include"
    text = "#include <cupy/complex.cuh>\n"
    for i, one in enumerate(written()[0]):
        given = ", ".join(f"const {TYPES[d.name]}* p_{name}" for d, name in one.program.parameters)
        reads = " ".join(f"const {TYPES[d.name]} {name} = *p_{name};" for d, name in one.program.parameters)
        out = TYPES[one.program.dtype.name]
        body = host_kernels.body_of(one.program)
        text += (
            f'extern "C" __global__ void k{i}({given}, {out}* o) {{ {reads} {out} out; {body} *o = out; }}\n'
        )
    cccl = headers / "cupy" / "_cccl"
    folders = [headers, *(cccl / part for part in ("libcudacxx", "thrust", "cub"))]
    options = ("--std=c++17", *(f"-I{folder}" for folder in folders))
    for arch in ("80", "90"):
        made = nvrtc.createProgram(text, "formulas.cu", (), ())
        try:
            nvrtc.compileProgram(made, (*options, f"--gpu-architecture=compute_{arch}"))
        except nvrtc.NVRTCError:
            pytest.fail(nvrtc.getProgramLog(made))
        assert len(nvrtc.getPTX(made)) > len(text)
