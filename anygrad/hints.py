"""What a name of PyTorch's or NumPy's is called here: for the error where it is looked up."""

from __future__ import annotations

from typing import Any

from anygrad.errors import message

__all__ = ["METHODS", "Elsewhere", "missing_function"]

FUNCTIONS = {
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
    "as_tensor": "asarray",
    "bmm": "matmul",
    "cat": "concat",
    "cholesky": "linalg.cholesky",
    "clamp": "clip",
    "concatenate": "concat",
    "conjugate": "conj",
    "cross": "linalg.cross",
    "cumprod": "cumulative_prod",
    "cumsum": "cumulative_sum",
    "det": "linalg.det",
    "diagonal": "linalg.diagonal",
    "digamma": "special.digamma",
    "div": "divide",
    "dot": "matmul or vecdot",
    "eig": "linalg.eig",
    "eigh": "linalg.eigh",
    "eigvalsh": "linalg.eigvalsh",
    "eq": "equal",
    "erf": "special.erf",
    "expand": "broadcast_to",
    "expit": "special.expit",
    "fabs": "abs",
    "fft2": "fft.fftn with axes=(-2, -1)",
    "flatten": "reshape(x, (-1,))",
    "from_numpy": "asarray",
    "gamma": "special.gamma",
    "gather": "take_along_axis",
    "ge": "greater_equal",
    "gt": "greater",
    "hstack": "concat or stack",
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
    "mod": "remainder",
    "mul": "multiply",
    "mv": "matmul",
    "ne": "not_equal",
    "neg": "negative",
    "norm": "linalg.vector_norm or linalg.matrix_norm",
    "outer": "linalg.outer",
    "permute": "permute_dims",
    "pinv": "linalg.pinv",
    "pinverse": "linalg.pinv",
    "power": "pow",
    "qr": "linalg.qr",
    "rand": "random.uniform",
    "randint": "random.randint",
    "randn": "random.normal",
    "randperm": "random.permutation",
    "ravel": "reshape(x, (-1,))",
    "repeat_interleave": "repeat",
    "rfft2": "fft.rfftn with axes=(-2, -1)",
    "slogdet": "linalg.slogdet",
    "solve": "linalg.solve",
    "sub": "subtract",
    "svd": "linalg.svd",
    "swapaxes": "moveaxis",
    "trace": "linalg.trace",
    "transpose": "permute_dims, or x.mT for a matrix",
    "true_divide": "divide",
    "unbind": "unstack",
    "unique": "unique_values",
    "unsqueeze": "expand_dims",
    "vdot": "vecdot",
    "view": "reshape",
    "vstack": "concat or stack",
}
"""Functions elsewhere, and what does that here; of most there is a method of the same name."""

NO_METHODS = {"array", "as_tensor", "from_numpy", "jacfwd", "jacrev", "rand", "randn"}
NO_METHODS |= {"div", "mul", "neg", "sub"}  # which tensors have

METHODS = {name: f"use {found}" for name, found in FUNCTIONS.items() if name not in NO_METHODS} | {
    "copy": "use clone()",
    "data": "read x.detach(), write under no_grad(): with ag.no_grad(): x[...] = value",
    "dim": "use ndim",
    "double": "use astype(anygrad.float64)",
    "float": "use astype(anygrad.float32)",
    "int": "use astype(anygrad.int32)",
    "long": "use astype(anygrad.int64)",
    "numel": "use size, which is a number",
    "t": "use T",
    "type": "use astype(dtype)",
    "zero_grad": "use grad: x.grad = None",
}
"""Methods and attributes elsewhere, and what does that here."""


def missing_function(name: str, module: str = "anygrad") -> AttributeError:
    """Return the error for a function that is not there, with the one that is."""
    advice = f": use {FUNCTIONS[name]}" if name in FUNCTIONS else ""
    return AttributeError(f"module {module!r} has no attribute {name!r}{advice}")


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
