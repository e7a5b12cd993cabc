"""NumPy's functions that tensors answer for: values beside NumPy's own, gradients beside differences.

Each expression runs with plain NumPy's functions on tensors, of NumPy and of array_api_strict on another
device, and with those of ``anygrad.numpy``. What depends on an input that requires a gradient requires one.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import anygrad as ag
import anygrad.numpy as anp
from anygrad import errors
from anygrad.testing import gradcheck
from tests.numpy_cases import EXPRESSIONS, name_of
from tests.numpy_runs import leaves_of, on_arrays, on_tensors, parts_of

UNASKED = frozenset(
    [
        "array",
        "asarray",
        "asanyarray",
        "ascontiguousarray",
        "asfortranarray",
        "require",
        "full",
        "fromfunction",
        "kaiser",
    ]
)
"""NumPy's functions that do not ask their operands, but for ``like=``: a tracked tensor is refused there."""

NOT_STRICT = {"i0", "kaiser"}
"""What is made of Bessel functions, which array_api_strict has not."""

RUNS = [(e, "cpu") for e in EXPRESSIONS]
RUNS += [(e, "array_api_strict:device1") for e in EXPRESSIONS if name_of(e) not in NOT_STRICT]


def compared(expression: str, found: Any, expected: Any, device: str | None) -> None:
    """Compare a result of tensors with NumPy's."""
    ours, theirs = list(parts_of(found)), list(parts_of(expected))
    assert len(ours) == len(theirs), expression
    for mine, other in zip(ours, theirs, strict=True):
        if not isinstance(other, np.ndarray | np.generic):
            assert mine == other, expression
            continue
        assert isinstance(mine, ag.Tensor), f"{expression} gave {type(mine).__name__}"
        assert device is None or str(mine.device) == device
        assert mine.shape == other.shape, f"{expression}: {mine.shape}, not {other.shape}"
        assert mine.dtype == other.dtype, f"{expression}: {mine.dtype}, not {other.dtype}"
        np.testing.assert_allclose(
            mine.detach().cpu().numpy(), other, rtol=1e-9, atol=1e-9, err_msg=expression
        )


@pytest.mark.parametrize(("expression", "device"), RUNS)
def test_values_and_gradients(expression: str, device: str) -> None:
    leaves = leaves_of(expression, device)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        expected = on_arrays(expression)
    module = np if leaves and name_of(expression) not in UNASKED else anp
    found = on_tensors(expression, module, leaves)
    compared(expression, found, expected, device if leaves else None)
    if module is np and device == "cpu":
        compared(expression, on_tensors(expression, anp, leaves), expected, device)
    tracked = [t for t in parts_of(found) if isinstance(t, ag.Tensor) and t.requires_grad]
    if tracked:

        def function(*given: Any) -> Any:
            parts = parts_of(on_tensors(expression, module, dict(zip(leaves, given, strict=True))))
            return [t for t in parts if isinstance(t, ag.Tensor)]

        gradcheck(function, list(leaves.values()), fast=device != "cpu", atol=1e-5)


def test_foreign_tensors_are_refused() -> None:
    torch = pytest.importorskip("torch")
    x, other = ag.tensor([1.0, 2.0, 3.0], requires_grad=True), torch.ones(3)
    for call in (lambda: x * other, lambda: np.add(x, other), lambda: np.concatenate([x, other])):
        with pytest.raises(errors.DeviceError, match="is on torch"):
            call()


def test_pandas_objects_are_refused_where_a_gradient_is_tracked() -> None:
    pandas = pytest.importorskip("pandas")
    x = ag.tensor([1.0, 2.0, 3.0], requires_grad=True)
    series = pandas.Series([1.0, 2.0, 3.0])
    for call in (lambda: x * series, lambda: series * x, lambda: np.add(x, series)):
        with pytest.raises((errors.AnygradError, TypeError)):
            call()
