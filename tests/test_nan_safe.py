"""``nan_safe``: a gradient that is exactly zero contributes exactly zero, and nothing else changes."""

import numpy as np
import pytest

import anygrad as ag

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def scaler(x):
    """Divide by a deviation of zero and overwrite that, as scikit-learn's StandardScaler does."""
    deviation = ag.std(x, axis=0)
    y = (x - ag.mean(x, axis=0)) / deviation
    y[:, deviation == 0] = 1.0
    return ag.sum(y * y * y * ag.asarray([[1.0, 2.0], [3.0, 4.0], [5.0, 7.0]]))


def test_masked_columns_do_not_poison_the_others():
    x = ag.tensor([[1.0, 2.0], [1.0, 3.0], [1.0, 5.0]])
    assert np.isnan(ag.grad(scaler)(x).numpy()).any()
    with ag.nan_safe():
        found = ag.grad(scaler)(x)
    alone = ag.grad(lambda c: scaler(ag.stack([ag.arange(3.0), c], axis=1)))(x[:, 1])
    np.testing.assert_allclose(found[:, 1].numpy(), alone.numpy())
    assert not found[:, 0].any()
