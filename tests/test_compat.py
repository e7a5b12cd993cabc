"""What array_api_compat, and with it SciPy and scikit-learn, ask of an unknown library's arrays."""

from __future__ import annotations

from typing import Any

import array_api_compat as compat
import numpy as np

import anygrad as ag

LIBRARIES = ("numpy", "cupy", "torch", "jax", "dask", "pydata_sparse", "ndonnx")


def test_tensors_are_an_unknown_librarys_arrays(make: Any, device: str) -> None:
    x = make(np.arange(6.0).reshape(2, 3), grad=True)
    xp = compat.array_namespace(x)
    assert compat.array_namespace(x, 1.0, None, x[0]) is xp and compat.is_array_api_obj(x)
    for name in LIBRARIES:
        assert not getattr(compat, f"is_{name}_array")(x)
        assert not getattr(compat, f"is_{name}_namespace")(xp)
    assert not compat.is_array_api_strict_namespace(xp)
    assert not compat.is_lazy_array(x) and compat.is_writeable_array(x)
    assert compat.size(x) == 6 and compat.device(x) == x.device
    assert compat.to_device(x, x.device) is x


def test_a_namespace_creates_where_its_tensors_are(make: Any, device: str) -> None:
    x = make(np.asarray([1.0, 2.0]), grad=True)
    xp = compat.array_namespace(x)
    assert {t.device for t in (xp.zeros(3), xp.arange(2), xp.asarray([1, 2]), xp.eye(2))} == {x.device}
    assert xp.asarray(x) is x
    for stacked, values in (
        (xp.asarray([x[0], x[1]]), [1, 2]),
        (xp.asarray([[x[0], 3], (4.0, x[1])]), [[1, 3], [4, 2]]),
        (xp.asarray((x, 2 * x)), [[1, 2], [2, 4]]),
        (xp.asarray([x[0], np.float64(5)]), [1, 5]),
        (xp.asarray([x[:1], x[1:]]), [[1], [2]]),
    ):
        assert stacked.device == x.device and stacked.requires_grad
        assert np.array_equal(stacked.detach().numpy(), values)
        assert np.any(ag.autograd.grad(stacked.sum(), x)[0].numpy())
