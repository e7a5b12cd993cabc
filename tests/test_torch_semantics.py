"""Side by side with PyTorch: programs that must come out the same, and by name every deviation.

Runs where ``--backends`` names torch. A program sees one library or the other, and returns plain numbers.
"""

from __future__ import annotations

import copy
import importlib
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import anygrad as ag
from tests.conftest import chosen_backends, opened
from tests.torch_depth import checkpoint  # noqa: F401  (declares programs too)
from tests.torch_programs import RAISES, SAME, Program, plain, vector


@pytest.fixture
def torch(request: pytest.FixtureRequest) -> Iterator[Any]:
    """PyTorch, with NumPy's default dtype."""
    if "torch" not in chosen_backends(request.config):
        pytest.skip("--backends does not name torch")
    opened("torch")
    found = importlib.import_module("torch")
    before = found.get_default_dtype()
    found.set_default_dtype(found.float64)
    yield found
    found.set_default_dtype(before)


def outcome(program: Program, lib: Any) -> Any:
    """Return what a program gives, or ``"raises"``."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return plain(program(lib))
        except (RuntimeError, TypeError, ValueError, AttributeError, IndexError):
            return "raises"


DIFFERENT: dict[str, tuple[Program, Any, Any]] = {}


def different(ours: Any, theirs: Any) -> Callable[[Program], Program]:
    """Declare a deviation: what we give, and what PyTorch gives."""

    def declare(program: Program) -> Program:
        DIFFERENT[program.__name__] = program, ours, theirs
        return program

    return declare


@pytest.mark.parametrize("name", SAME)
def test_the_same_as_torch(name: str, torch: Any) -> None:
    ours, theirs = outcome(SAME[name], ag), outcome(SAME[name], torch)
    if name in RAISES:
        assert (ours, theirs) == ("raises", "raises")
    else:
        compare(ours, theirs)


def compare(ours: Any, theirs: Any) -> None:
    """Assert that nested results are equal, numbers up to rounding."""
    if isinstance(ours, list) and isinstance(theirs, list):
        assert len(ours) == len(theirs)
        for mine, other in zip(ours, theirs):
            compare(mine, other)
    elif isinstance(ours, float | complex):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)
    else:
        assert ours == theirs


# ---------------------------------------------------------------- every deviation


@different(ours=[2.0, 4.0, 6.0], theirs="raises")
def a_saved_value_is_never_disturbed(lib: Any) -> Any:
    x = vector(lib)
    y = x * 1
    z = (y * y).sum()
    y.zero_()
    z.backward()
    return x.grad


@different(ours=[0.0, 1.0], theirs=[1.0, 1.0])
def repeated_indices_give_the_gradient_to_the_value_that_stands(lib: Any) -> Any:
    v = vector(lib, 5.0, 7.0)
    y = lib.zeros(3)
    y[lib.tensor([1, 1])] = v
    y.sum().backward()
    return v.grad


@different(ours=[1.0, 2.0], theirs=[6.0, 2.0])
def an_index_of_integers_alone_is_a_copy(lib: Any) -> Any:
    x = lib.tensor([1.0, 2.0])
    first = x[0]
    first += 5
    return x


@different(ours="raises", theirs=[2.0, 4.0, 6.0])
def a_tracked_value_is_not_written_through_detach(lib: Any) -> Any:
    x = vector(lib)
    d = (x * 1).detach()
    d.mul_(x + x)
    return lib.autograd.grad((d / x).sum() * 0 + (x * x).sum(), x)[0]


@different(ours=[1.0, 2.0, 3.0], theirs=[9.0, 2.0, 3.0])
def requires_grad_takes_a_detached_view_out_of_its_family(lib: Any) -> Any:
    x = lib.tensor([1.0, 2.0, 3.0])
    view = x[0:1].detach().requires_grad_()
    with lib.no_grad():
        view[0] = 9.0
    return x


@different(ours="raises", theirs=[2.0, 2.0, 2.0])
def a_gradient_of_another_dtype_is_refused(lib: Any) -> Any:
    x = vector(lib)
    (x * 2).backward(gradient=lib.tensor([1.0, 1.0, 1.0], dtype=lib.float32))
    return x.grad


@different(ours=[1.0, 2.0, 3.0], theirs=[7.0, 2.0, 3.0])
def numpy_gives_a_snapshot(lib: Any) -> Any:
    x = lib.tensor([1.0, 2.0, 3.0])
    array = x.numpy()
    x[0] = 7.0
    return array


@different(ours=[1.0, 2.0, 3.0], theirs=[7.0, 2.0, 3.0])
def a_shallow_copy_has_memory_of_its_own(lib: Any) -> Any:
    x = lib.tensor([1.0, 2.0, 3.0])
    copy.copy(x)[0] = 7.0
    return x


@different(ours="raises", theirs=[1.0, 2.0, 3.0])
def there_is_no_data(lib: Any) -> Any:
    return lib.tensor([1.0, 2.0, 3.0]).data


@different(ours="raises", theirs=20)
def a_truth_value_is_no_index(lib: Any) -> Any:
    return [10, 20][lib.tensor(True)]


@different(ours=[[600.0], [18000.0]], theirs=[[6.0], [18000.0]])
def a_hooked_input_is_what_its_hooks_return_whatever_else_is_asked_for(lib: Any) -> Any:
    x = vector(lib, 1.0)
    y = x * 3
    x.register_hook(lambda g: g * 10)
    y.register_hook(lambda g: g * 100)
    return lib.autograd.grad((y * y).sum(), [y, x])


@different(ours=3, theirs="raises")
def round_gives_a_python_number(lib: Any) -> Any:
    return round(lib.tensor(2.567))


@different(ours=False, theirs="raises")
def anything_may_be_looked_for(lib: Any) -> Any:
    return None in lib.tensor([1.0])


@different(ours="float64", theirs="float32")
def a_tensor_without_axes_promotes_as_any_other(lib: Any) -> Any:
    one = lib.tensor([1.0], dtype=lib.float32) * lib.tensor(1.0, dtype=lib.float64)
    return str(one.dtype).rpartition(".")[2]


@different(ours=[0.0, 0.0, 0.0], theirs="raises")
def floor_divide_has_gradient_zero(lib: Any) -> Any:
    x = vector(lib)
    (x // 2.0).sum().backward()
    return x.grad


@different(ours=[0.0], theirs=[float("nan")])
def hypot_and_atan2_have_gradient_zero_at_the_origin(lib: Any) -> Any:
    x = vector(lib, 0.0)
    zero = lib.tensor([0.0])
    (lib.hypot(x, zero) + lib.atan2(x, zero)).sum().backward()
    return x.grad


@different(
    ours=[[0.5, 0.5, np.nan, np.nan, 0.0, 1.0]],
    theirs=[[1.0, 0.0, 0.0, 1.0, 0.0, 1.0]],
)
def equal_entries_of_a_pool_share_its_gradient_and_a_nan_spoils_it(lib: Any) -> Any:
    x = lib.tensor([[2.0, 2.0, 3.0, float("nan"), 4.0, 5.0]], requires_grad=True)
    lib.max_pool1d(x, 2).sum().backward()
    return x.grad


@different(ours=[2.0 * np.exp(2.0)], theirs="raises")
def an_interrupted_pass_can_be_run_again(lib: Any) -> Any:
    x = vector(lib, 1.0)
    y = x * 2
    z = y.exp().sum()

    def fail(g: Any) -> Any:
        raise KeyError

    handle = y.register_hook(fail)
    try:
        z.backward()
    except KeyError:
        handle.remove()
    z.backward()
    return x.grad


@pytest.mark.parametrize("name", DIFFERENT)
def test_deviation_from_torch(name: str, torch: Any) -> None:
    program, ours, theirs = DIFFERENT[name]
    for lib, expected in ((ag, ours), (torch, theirs)):
        found = outcome(program, lib)
        if isinstance(expected, list) and isinstance(found, list):
            np.testing.assert_allclose(found, expected)
        else:
            assert found == expected


def test_the_default_dtype_is_numpys(torch: Any) -> None:
    torch.set_default_dtype(torch.float32)  # as PyTorch starts
    assert ag.tensor(1.5).dtype == np.float64 and torch.tensor(1.5).dtype == torch.float32
