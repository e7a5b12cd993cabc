"""SciPy's rotations and rigid motions, and its distances, called directly."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import spatial
from scipy.spatial import distance
from scipy.spatial.transform import RigidTransform, Rotation, Slerp

from anygrad.errors import LeafWriteError
from tests.consumers.harness import Case, Plain, Raises, fixed, normal, within
from tests.consumers.scipy_outcomes import COMPILED, CONVERTS

LIBRARY = "scipy"

VECTORS = within(-1.2, 1.2, 4, 3)
POINTS = normal(4, 3)
NEARLY = lambda rng: np.eye(3) + 0.3 * rng.normal(size=(2, 3, 3))


def turns(x: Any) -> Rotation:
    """Return rotations by vectors."""
    return Rotation.from_rotvec(x)


def moves(x: Any, t: Any) -> RigidTransform:
    """Return motions by rotation vectors and shifts."""
    return RigidTransform.from_components(t, turns(x))


def rotation(name: str, call: Any, *inputs: Any, **options: Any) -> Case:
    """Make a case of a method of ``Rotation``."""
    return Case(f"scipy.spatial.transform.Rotation.{name}", call, *inputs, **options)


def rigid(name: str, call: Any, *inputs: Any, **options: Any) -> Case:
    """Make a case of a method of ``RigidTransform``."""
    return Case(f"scipy.spatial.transform.RigidTransform.{name}", call, *inputs, **options)


def written(x: Any, part: Any) -> Any:
    """Write into rotations."""
    r = turns(x)
    r[1] = turns(part)
    return r.as_quat()


def moved(x: Any, t: Any, part: Any) -> Any:
    """Write into motions."""
    m = moves(x, t)
    m[1] = moves(part, part)
    return m.as_matrix()


ROTATIONS = [
    rotation("from_quat", lambda q: Rotation.from_quat(q).as_matrix(), normal(4, 4), everywhere=True),
    rotation("from_matrix", lambda m: Rotation.from_matrix(1 * m).as_matrix(), NEARLY),
    rotation(
        "from_matrix of a leaf",
        lambda m: Rotation.from_matrix(m).as_matrix(),
        NEARLY,
        outcome=Raises(LeafWriteError, "SciPy writes what it makes orthogonal into the caller's own array"),
    ),
    rotation("from_rotvec", lambda v: Rotation.from_rotvec(v).as_matrix(), VECTORS, everywhere=True),
    rotation("from_euler", lambda a: Rotation.from_euler("xyz", a).as_quat(), VECTORS),
    rotation("from_euler one", lambda a: Rotation.from_euler("z", a).as_matrix(), normal(3, 1)),
    rotation("from_mrp", lambda m: Rotation.from_mrp(m).as_quat(), within(-0.4, 0.4, 4, 3)),
    rotation(
        "from_davenport",
        lambda axes, a: Rotation.from_davenport(axes, "extrinsic", a).as_quat(),
        fixed(np.eye(3)),
        VECTORS,
    ),
    rotation("as_matrix", lambda x: turns(x).as_matrix(), VECTORS),
    rotation("as_quat", lambda x: turns(x).as_quat(canonical=True), VECTORS),
    rotation("as_rotvec", lambda x: turns(x).as_rotvec(degrees=True), VECTORS),
    rotation("as_euler", lambda x: turns(x).as_euler("ZYX"), VECTORS),
    rotation("as_mrp", lambda x: turns(x).as_mrp(), VECTORS),
    rotation(
        "as_davenport", lambda x, axes: turns(x).as_davenport(axes, "extrinsic"), VECTORS, fixed(np.eye(3))
    ),
    rotation("apply", lambda x, p: turns(x).apply(p), VECTORS, POINTS, everywhere=True),
    rotation("apply inverse", lambda x, p: turns(x).apply(p, inverse=True), VECTORS, POINTS),
    rotation("inv", lambda x: turns(x).inv().as_matrix(), VECTORS),
    rotation("magnitude", lambda x: turns(x).magnitude(), VECTORS),
    rotation(
        "approx_equal",
        lambda x, y: turns(x).approx_equal(turns(y)),
        VECTORS,
        VECTORS,
        outcome=Plain("truths"),
    ),
    rotation("mean", lambda x: turns(x).mean().as_matrix(), within(-0.5, 0.5, 4, 3)),
    rotation(
        "reduce",
        lambda x, y, z: turns(x).reduce(turns(y), turns(z)).as_matrix(),
        VECTORS,
        VECTORS,
        VECTORS,
        step=1e-5,
    ),
    rotation(
        "concatenate", lambda x, y: Rotation.concatenate([turns(x), turns(y)]).as_quat(), VECTORS, VECTORS
    ),
    rotation("align_vectors", lambda a, b: Rotation.align_vectors(a, b)[0].as_matrix(), POINTS, POINTS),
    rotation("__getitem__", lambda x: turns(x)[1:3].as_quat(), VECTORS),
    rotation("__setitem__", written, VECTORS, within(-1, 1, 3)),
    rotation("__mul__", lambda x, y: (turns(x) * turns(y)).as_matrix(), VECTORS, VECTORS),
    rotation("__pow__", lambda x: (turns(x) ** 1.5).as_matrix(), VECTORS),
    Case(
        "scipy.spatial.transform.Slerp.__init__",
        lambda x: Slerp([0.0, 1.0, 2.0, 3.0], turns(x))([0.3, 1.6]).as_matrix(),
        VECTORS,
    ),
    Case(
        "scipy.spatial.transform.Slerp.__call__",
        lambda x, times, t: Slerp(times, turns(x))(t).as_matrix(),
        VECTORS,
        fixed([0.0, 1.0, 2.0, 3.0]),
        within(0.1, 2.9, 3),
    ),
]
MOTIONS = [
    rigid("from_components", lambda x, t: moves(x, t).as_matrix(), VECTORS, POINTS),
    rigid("from_rotation", lambda x: RigidTransform.from_rotation(turns(x)).as_matrix(), VECTORS),
    rigid("from_translation", lambda t: RigidTransform.from_translation(t).as_matrix(), POINTS),
    rigid(
        "from_matrix",
        lambda x, t: RigidTransform.from_matrix(moves(x, t).as_matrix()).as_matrix(),
        VECTORS,
        POINTS,
    ),
    rigid("from_exp_coords", lambda x: RigidTransform.from_exp_coords(x).as_matrix(), within(-1, 1, 4, 6)),
    rigid(
        "from_dual_quat",
        lambda x, t: RigidTransform.from_dual_quat(moves(x, t).as_dual_quat()).as_matrix(),
        VECTORS,
        POINTS,
    ),
    rigid("as_matrix", lambda x, t: moves(x, t).as_matrix(), VECTORS, POINTS),
    rigid("as_components", lambda x, t: moves(x, t).as_components()[0], VECTORS, POINTS, pick=lambda t: t),
    rigid("as_exp_coords", lambda x, t: moves(x, t).as_exp_coords(), VECTORS, POINTS),
    rigid("as_dual_quat", lambda x, t: moves(x, t).as_dual_quat(), VECTORS, POINTS),
    rigid("apply", lambda x, t, p: moves(x, t).apply(p), VECTORS, POINTS, POINTS),
    rigid("inv", lambda x, t: moves(x, t).inv().as_matrix(), VECTORS, POINTS),
    rigid("mean", lambda x, t: moves(x, t).mean().as_matrix(), within(-0.5, 0.5, 4, 3), POINTS),
    rigid(
        "concatenate",
        lambda x, t: RigidTransform.concatenate([moves(x, t), moves(t, x)]).as_matrix(),
        VECTORS,
        POINTS,
    ),
    rigid(
        "identity",
        lambda t: (RigidTransform.identity(4) * moves(t, t)).as_matrix(),
        VECTORS,
        outcome=Raises(TypeError, "the identity is of NumPy's arrays, which do not mix with others"),
    ),
    rigid("__getitem__", lambda x, t: moves(x, t)[1:3].as_matrix(), VECTORS, POINTS),
    rigid("__setitem__", moved, VECTORS, POINTS, within(-1, 1, 3)),
    rigid("__mul__", lambda x, t, y: (moves(x, t) * moves(y, t)).as_matrix(), VECTORS, POINTS, VECTORS),
    rigid("__pow__", lambda x, t: (moves(x, t) ** 1.5).as_matrix(), VECTORS, POINTS),
    Case(
        "scipy.spatial.transform.normalize_dual_quaternion",
        spatial.transform._rigid_transform.normalize_dual_quaternion,
        normal(3, 8),
    ),
]
DISTANCES = [
    Case("scipy.spatial.distance.cdist", distance.cdist, normal(4, 3), normal(2, 3), outcome=COMPILED),
    Case("scipy.spatial.distance.pdist", distance.pdist, normal(4, 3), outcome=COMPILED),
    Case("scipy.spatial.distance.squareform", distance.squareform, normal(6), outcome=COMPILED),
    Case("scipy.spatial.distance.euclidean", distance.euclidean, normal(3), normal(3), outcome=CONVERTS),
    Case("scipy.spatial.distance.cosine", distance.cosine, normal(3), normal(3), outcome=CONVERTS),
    Case("scipy.spatial.distance.cityblock", distance.cityblock, normal(3), normal(3), outcome=CONVERTS),
    Case("scipy.spatial.procrustes", spatial.procrustes, normal(5, 2), normal(5, 2), outcome=CONVERTS),
    Case(
        "scipy.spatial.geometric_slerp",
        lambda a, b: spatial.geometric_slerp(a / (a @ a) ** 0.5, b / (b @ b) ** 0.5, 0.3),
        normal(3),
        normal(3),
        outcome=CONVERTS,
    ),
    Case(
        "scipy.spatial.cKDTree", lambda x: spatial.cKDTree(x).query(x[:1])[0], normal(5, 2), outcome=CONVERTS
    ),
]
CASES = [*ROTATIONS, *MOTIONS, *DISTANCES]
