"""What a name of PyTorch's or NumPy's is here: NumPy's function, or the error that says what it is called."""

from __future__ import annotations

import importlib
import sys
from typing import Any

from anygrad.errors import message

__all__ = ["METHODS", "Elsewhere", "elsewhere", "missing_function", "renamed"]

FUNCTIONS = {
    "as_tensor": "asarray",
    "bmm": "matmul",
    "cat": "concat",
    "cholesky": "linalg.cholesky",
    "clamp": "clip",
    "det": "linalg.det",
    "digamma": "special.digamma",
    "div": "divide",
    "eig": "linalg.eig",
    "eigh": "linalg.eigh",
    "eigvalsh": "linalg.eigvalsh",
    "eq": "equal",
    "erf": "special.erf",
    "expand": "broadcast_to",
    "expit": "special.expit",
    "fft2": "fft.fftn with axes=(-2, -1)",
    "flatten": "reshape(x, (-1,))",
    "from_numpy": "asarray",
    "gamma": "special.gamma",
    "gather": "take_along_axis",
    "ge": "greater_equal",
    "gt": "greater",
    "ifft2": "fft.ifftn with axes=(-2, -1)",
    "index_select": "take",
    "inv": "linalg.inv",
    "inverse": "linalg.inv",
    "irfft2": "fft.irfftn with axes=(-2, -1)",
    "jacfwd": "jacobian(f, mode='forward')",
    "jacrev": "jacobian(f, mode='reverse')",
    "le": "less_equal",
    "lgamma": "special.gammaln",
    "logdet": "linalg.slogdet",
    "lstsq": "linalg.lstsq",
    "lt": "less",
    "manual_seed": "random.seed",
    "masked_fill": "where",
    "matrix_exp": "linalg.expm",
    "matrix_power": "linalg.matrix_power",
    "mm": "matmul",
    "mul": "multiply",
    "mv": "matmul",
    "ne": "not_equal",
    "neg": "negative",
    "norm": "linalg.vector_norm or linalg.matrix_norm",
    "permute": "permute_dims",
    "pinv": "linalg.pinv",
    "pinverse": "linalg.pinv",
    "qr": "linalg.qr",
    "rand": "random.uniform",
    "randint": "random.randint",
    "randn": "random.normal",
    "randperm": "random.permutation",
    "repeat_interleave": "repeat",
    "rfft2": "fft.rfftn with axes=(-2, -1)",
    "slogdet": "linalg.slogdet",
    "solve": "linalg.solve",
    "sub": "subtract",
    "svd": "linalg.svd",
    "unbind": "unstack",
    "unsqueeze": "expand_dims",
    "view": "reshape",
}
"""Functions elsewhere, and what does that here; of most there is a method of the same name."""

NUMPYS = {
    "absolute": "abs",
    "amax": "max",
    "amin": "min",
    "arccos": "acos",
    "arccosh": "acosh",
    "arcsin": "asin",
    "arcsinh": "asinh",
    "arctan": "atan",
    "arctan2": "atan2",
    "arctanh": "atanh",
    "argwhere": "nonzero",
    "array": "tensor, which copies, or asarray, which does not",
    "concatenate": "concat",
    "conjugate": "conj",
    "cross": "linalg.cross",
    "cumprod": "cumulative_prod",
    "cumsum": "cumulative_sum",
    "diagonal": "linalg.diagonal",
    "dot": "matmul or vecdot",
    "fabs": "abs",
    "hstack": "concat or stack",
    "mod": "remainder",
    "outer": "linalg.outer",
    "power": "pow",
    "ravel": "reshape(x, (-1,))",
    "swapaxes": "moveaxis",
    "trace": "linalg.trace",
    "transpose": "permute_dims, or x.mT for a matrix",
    "true_divide": "divide",
    "unique": "unique_values",
    "vdot": "vecdot",
    "vstack": "concat or stack",
}
"""Functions of NumPy's that ``anygrad.numpy`` has, and so the main namespace; tensors have no such method."""

NO_METHODS = {"array", "as_tensor", "from_numpy", "jacfwd", "jacrev", "rand", "randn"}
NO_METHODS |= {"div", "mul", "neg", "sub"}  # which tensors have, as they have the next
NO_METHODS |= {"conjugate", "cumprod", "cumsum", "diagonal", "dot", "flatten", "ravel", "swapaxes", "trace"}
NO_METHODS |= {"transpose", "view"}

METHODS = {name: f"use {found}" for name, found in (FUNCTIONS | NUMPYS).items() if name not in NO_METHODS} | {
    "data": "read x.detach(), write under no_grad(): with ag.no_grad(): x[...] = value",
    "dim": "use ndim",
    "double": "use astype(anygrad.float64)",
    "float": "use astype(anygrad.float32)",
    "int": "use astype(anygrad.int32)",
    "long": "use astype(anygrad.int64)",
    "numel": "use size, which is a number",
    "sort": "use anygrad.sort(x), or x[...] = anygrad.sort(x), which sorts in place as NumPy's does",
    "t": "use T",
    "type": "use astype(dtype)",
    "zero_grad": "use grad: x.grad = None",
}
"""Methods and attributes elsewhere, and what does that here."""


def missing_function(name: str, module: str = "anygrad") -> AttributeError:
    """Return the error for a function that is not there, with the one that is."""
    advice = f": use {FUNCTIONS[name]}" if name in FUNCTIONS else ""
    # By name and module Python finds what it was meant to be, where somebody reads the traceback.
    return AttributeError(
        f"module {module!r} has no attribute {name!r}{advice}", name=name, obj=sys.modules.get(module)
    )


def elsewhere(name: str, module: str = "anygrad") -> Any:
    """Return NumPy's function of a name that the standard does not have; raise what is missing otherwise."""
    if not name.startswith("_"):
        importlib.import_module("anygrad.numpy")
        table = importlib.import_module("anygrad.numpy.table").TABLE
        found = table.get(f"{module}.{name}".removeprefix("anygrad."))
        if found is not None:
            return found
    raise missing_function(name, module)


KEYWORDS = {"dim": "axis", "dims": "axis", "keepdim": "keepdims"}
"""PyTorch's names of arguments, and ours."""


def renamed(error: TypeError) -> TypeError:
    """Return the error for a keyword that is not there, with what PyTorch's is called here."""
    for theirs, ours in KEYWORDS.items():
        if str(error).endswith(f"unexpected keyword argument '{theirs}'"):
            return TypeError(f"{error}: use {ours}")
    return error


class Elsewhere:
    """Stands on ``Tensor`` under a name from elsewhere; to look it up on a tensor says what that is here.

    A descriptor for each name and no ``__getattr__``, which would cost at every slot that is not filled.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, tensor: Any, owner: type) -> Any:
        if tensor is None:
            return self
        raise AttributeError(message(self.name, f"tensors have no .{self.name}", METHODS[self.name]))
