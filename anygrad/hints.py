"""What a name of PyTorch's or NumPy's is called here: for the error where it is looked up."""

from __future__ import annotations

__all__ = ["missing"]

FUNCTIONS = {
    "array": "tensor, which copies, or asarray, which does not",
    "as_tensor": "asarray",
    "cat": "concat",
    "clamp": "clip",
    "concatenate": "concat",
    "cumprod": "cumulative_prod",
    "cumsum": "cumulative_sum",
    "dot": "matmul or vecdot",
    "flatten": "reshape(x, (-1,))",
    "from_numpy": "asarray",
    "mm": "matmul",
    "permute": "permute_dims",
    "rand": "asarray of what numpy.random gives",
    "randn": "asarray of what numpy.random gives",
    "relu": "maximum(x, 0)",
    "sigmoid": "1 / (1 + exp(-x))",
    "swapaxes": "moveaxis",
    "transpose": "permute_dims, or x.mT for a matrix",
    "unsqueeze": "expand_dims",
    "view": "reshape",
}
"""Functions elsewhere, and what does that here; of most there is a method of the same name."""

METHODS = FUNCTIONS | {
    "copy": "clone()",
    "dim": "ndim",
    "double": "astype(anygrad.float64)",
    "float": "astype(anygrad.float32)",
    "int": "astype(anygrad.int32)",
    "long": "astype(anygrad.int64)",
    "numel": "size, which is a number",
    "t": "T",
    "type": "astype(dtype)",
}
"""Methods and attributes elsewhere, and what does that here."""


def missing(owner: str, name: str) -> AttributeError:
    """Return the error for a name that is not there, with the name that is."""
    table = METHODS if owner == "'Tensor' object" else FUNCTIONS
    return AttributeError(
        f"{owner} has no attribute {name!r}" + (f": use {table[name]}" if name in table else "")
    )
