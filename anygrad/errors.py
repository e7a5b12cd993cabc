"""Every exception that anygrad raises on purpose, and the one builder of their messages.

Each class also derives from the built-in that NumPy raises in the same place, so that code which
catches ``ValueError`` or ``TypeError`` today keeps working. This module knows nothing of the others.
"""

from __future__ import annotations

from numpy.linalg import LinAlgError as _NumpysLinAlgError

__all__ = [
    "AnomalyError",
    "AnygradError",
    "ArgumentError",
    "AxisError",
    "BufferExitError",
    "ChangedOperandError",
    "CheckpointError",
    "CrossCheckError",
    "DeviceError",
    "DeviceUnavailableError",
    "DtypeError",
    "FileError",
    "FreedGraphError",
    "GradcheckError",
    "GradientDeviceError",
    "GradientDtypeError",
    "GradientError",
    "GradientShapeError",
    "GraphExitError",
    "IndexingError",
    "InterchangeError",
    "LeafWriteError",
    "LinAlgError",
    "NondeterminismError",
    "NotDifferentiableError",
    "OutOfMemoryError",
    "ShapeError",
    "UnsupportedError",
    "WriteError",
]


class AnygradError(Exception):
    """Whatever anygrad raises on purpose."""


class ShapeError(AnygradError, ValueError):
    """Shapes that do not fit together."""


class ArgumentError(AnygradError, ValueError):
    """An argument whose value cannot be honoured, such as ``copy=False`` where a copy is needed."""


class InterchangeError(ArgumentError, BufferError):
    """Memory that cannot be shared with another library, or not in the way that was asked for."""


class AxisError(AnygradError, ValueError, IndexError):
    """An axis that the array does not have, or one given twice."""


class IndexingError(AnygradError, IndexError):
    """An index outside its axis, or of a kind that cannot index."""


class DtypeError(AnygradError, TypeError):
    """A dtype, or a kind of object, that the operation does not take."""


class DeviceError(AnygradError, ValueError):
    """Operands on different devices, or a device name that is not understood."""


class DeviceUnavailableError(AnygradError, RuntimeError):
    """A device that exists in name but cannot be used here."""


class UnsupportedError(AnygradError, NotImplementedError):
    """A function, or a derivative, that there is none of here; says where there is, and of what."""


class OutOfMemoryError(AnygradError, MemoryError):
    """A device without room for what was to be computed; says who holds its memory."""


class GradientError(AnygradError, RuntimeError):
    """A backward pass that cannot start, or a gradient that does not fit."""


class GradientShapeError(GradientError, ShapeError):
    """A gradient of another shape than the tensor that it belongs to."""


class GradientDtypeError(GradientError, DtypeError):
    """A gradient of another dtype than the tensor that it belongs to."""


class GradientDeviceError(GradientError, DeviceError):
    """A gradient on another device than the tensor that it belongs to."""


class FreedGraphError(GradientError):
    """A backward pass over a graph whose saved values an earlier pass released."""


class GradcheckError(AnygradError, AssertionError):
    """A gradient that differs from finite differences."""


class CheckpointError(GradientError):
    """A function that, called again in backward, does not do what it did: says what it did otherwise."""


class NotDifferentiableError(GradcheckError):
    """A gradient that differs from finite differences where the function has a corner or a jump."""


class CrossCheckError(AnygradError, AssertionError):
    """An operation whose value or gradient differs between two devices."""


class AnomalyError(GradientError, FloatingPointError):
    """A backward pass that made NaN or infinity; says which operation's, where, and who called that."""


class ChangedOperandError(GradientError):
    """Memory that was written behind the back of an operation that had saved it for its gradient."""


class NondeterminismError(AnygradError, RuntimeError):
    """A function that has no way to the same bits in every run, where those were asked for."""


class FileError(AnygradError, ValueError):
    """A file that is truncated, too long, or not one of anygrad's."""


class GraphExitError(AnygradError, RuntimeError):
    """A conversion that would take a value out of the graph without a sound."""


class BufferExitError(GraphExitError, BufferError):
    """An export of memory that would take a value out of the graph without a sound."""


class WriteError(AnygradError, ValueError):
    """A write that the tensor cannot take: a broadcast view, or a tracked value through a detached one."""


class LinAlgError(AnygradError, _NumpysLinAlgError):
    """A matrix for which a function has no result: singular, not positive definite, without convergence."""


class LeafWriteError(WriteError, RuntimeError):
    """A write, with gradients on, to a leaf that requires a gradient."""


def message(op: str, got: str, *advice: str) -> str:
    """Build ``[op] what was got: what was expected; what to do``.

    >>> message("add", "x is on cuda:0, y is on cpu", "move one with .to(device)")
    '[add] x is on cuda:0, y is on cpu: move one with .to(device)'
    """
    return f"[{op}] {got}" + (": " + "; ".join(advice) if advice else "")
