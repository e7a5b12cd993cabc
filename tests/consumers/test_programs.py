"""Programs of plain NumPy run on tensors: their numbers are NumPy's, their gradients those of HIPS autograd."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad.trees import flatten, map_leaves
from tests.consumers import programs

autograd = pytest.importorskip("autograd")
