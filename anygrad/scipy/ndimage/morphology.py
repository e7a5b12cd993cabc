"""Grey morphology: erosion, dilation and what is made of the two. Order filters, whose gradient they have."""

from __future__ import annotations

from typing import Any

from anygrad.scipy.ndimage.borders import finished, images
from anygrad.scipy.ndimage.orders import erosion_of

__all__ = [
    "black_tophat",
    "grey_closing",
    "grey_dilation",
    "grey_erosion",
    "grey_opening",
    "morphological_gradient",
    "morphological_laplace",
    "white_tophat",
]


def grey_erosion(
    input: Any,
    size: Any = None,
    footprint: Any = None,
    structure: Any = None,
    output: Any = None,
    mode: Any = "reflect",
    cval: float = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
) -> Any:
    """Return the smallest entry of each window, less what ``structure`` has at its place.

    The window has a ``size``, or is where ``footprint`` is true, or has the shape of ``structure``. Shape
    and dtype are those of ``input``, real; ``output`` may be a dtype. Differentiable in ``input``, on every
    device: the gradient goes to the entries that were chosen, in equal parts. Raises what
    ``minimum_filter`` does.

    >>> import anygrad as ag
    >>> ag.scipy.ndimage.grey_erosion([2.0, 8.0, 0.0, 4.0], structure=[1.0, 0.0, 1.0])
    tensor([ 1., -1.,  0., -1.], dtype=float64, device='cpu')
    """
    arguments = size, footprint, structure, output, mode, cval, origin, axes
    return erosion_of("grey_erosion", input, False, *arguments)


def grey_dilation(
    input: Any,
    size: Any = None,
    footprint: Any = None,
    structure: Any = None,
    output: Any = None,
    mode: Any = "reflect",
    cval: float = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
) -> Any:
    """Return the largest entry of each mirrored window, and what ``structure`` has at its place.

    As ``grey_erosion``.

    >>> import anygrad as ag
    >>> ag.scipy.ndimage.grey_dilation([2.0, 8.0, 0.0, 4.0], structure=[1.0, 0.0, 1.0])
    tensor([9., 8., 9., 5.], dtype=float64, device='cpu')
    """
    arguments = size, footprint, structure, output, mode, cval, origin, axes
    return erosion_of("grey_dilation", input, True, *arguments)


def _arguments(op: str, x: Any, size: Any, footprint: Any, structure: Any, output: Any, *around: Any) -> Any:
    """Return the namespace, the image, and the keywords of an erosion and a dilation."""
    xp, x = images(op, output, input=x)
    window = {"size": size, "footprint": footprint, "structure": structure}
    return xp, x, window | dict(zip(("mode", "cval", "origin", "axes"), around, strict=True))


def grey_opening(
    input: Any,
    size: Any = None,
    footprint: Any = None,
    structure: Any = None,
    output: Any = None,
    mode: Any = "reflect",
    cval: float = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
) -> Any:
    """Return the dilation of the erosion.

    As ``grey_erosion``.

    >>> import anygrad as ag
    >>> ag.scipy.ndimage.grey_opening([2.0, 8.0, 0.0, 4.0], 3)
    tensor([2., 2., 0., 0.], dtype=float64, device='cpu')
    """
    xp, x, window = _arguments(
        "grey_opening", input, size, footprint, structure, output, mode, cval, origin, axes
    )
    return finished(xp, grey_dilation(grey_erosion(x, **window), **window), output)


def grey_closing(
    input: Any,
    size: Any = None,
    footprint: Any = None,
    structure: Any = None,
    output: Any = None,
    mode: Any = "reflect",
    cval: float = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
) -> Any:
    """Return the erosion of the dilation.

    As ``grey_erosion``.

    >>> import anygrad as ag
    >>> ag.scipy.ndimage.grey_closing([2.0, 8.0, 0.0, 4.0], 3)
    tensor([8., 8., 4., 4.], dtype=float64, device='cpu')
    """
    xp, x, window = _arguments(
        "grey_closing", input, size, footprint, structure, output, mode, cval, origin, axes
    )
    return finished(xp, grey_erosion(grey_dilation(x, **window), **window), output)


def morphological_gradient(
    input: Any,
    size: Any = None,
    footprint: Any = None,
    structure: Any = None,
    output: Any = None,
    mode: Any = "reflect",
    cval: float = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
) -> Any:
    """Return the dilation less the erosion.

    As ``grey_erosion``.

    >>> import anygrad as ag
    >>> ag.scipy.ndimage.morphological_gradient([2.0, 8.0, 0.0, 4.0], 3)
    tensor([6., 8., 8., 4.], dtype=float64, device='cpu')
    """
    xp, x, window = _arguments(
        "morphological_gradient", input, size, footprint, structure, output, mode, cval, origin, axes
    )
    return finished(xp, grey_dilation(x, **window) - grey_erosion(x, **window), output)


def morphological_laplace(
    input: Any,
    size: Any = None,
    footprint: Any = None,
    structure: Any = None,
    output: Any = None,
    mode: Any = "reflect",
    cval: float = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
) -> Any:
    """Return the dilation and the erosion, less the image twice.

    As ``grey_erosion``.

    >>> import anygrad as ag
    >>> ag.scipy.ndimage.morphological_laplace([2.0, 8.0, 0.0, 4.0], 3)
    tensor([ 6., -8.,  8., -4.], dtype=float64, device='cpu')
    """
    xp, x, window = _arguments(
        "morphological_laplace", input, size, footprint, structure, output, mode, cval, origin, axes
    )
    return finished(xp, grey_dilation(x, **window) + grey_erosion(x, **window) - x - x, output)


def white_tophat(
    input: Any,
    size: Any = None,
    footprint: Any = None,
    structure: Any = None,
    output: Any = None,
    mode: Any = "reflect",
    cval: float = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
) -> Any:
    """Return the image less its opening.

    As ``grey_erosion``.

    >>> import anygrad as ag
    >>> ag.scipy.ndimage.white_tophat([2.0, 8.0, 0.0, 4.0], 3)
    tensor([0., 6., 0., 4.], dtype=float64, device='cpu')
    """
    xp, x, window = _arguments(
        "white_tophat", input, size, footprint, structure, output, mode, cval, origin, axes
    )
    return finished(xp, x - grey_opening(x, **window), output)


def black_tophat(
    input: Any,
    size: Any = None,
    footprint: Any = None,
    structure: Any = None,
    output: Any = None,
    mode: Any = "reflect",
    cval: float = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
) -> Any:
    """Return the closing less the image.

    As ``grey_erosion``.

    >>> import anygrad as ag
    >>> ag.scipy.ndimage.black_tophat([2.0, 8.0, 0.0, 4.0], 3)
    tensor([6., 0., 4., 0.], dtype=float64, device='cpu')
    """
    xp, x, window = _arguments(
        "black_tophat", input, size, footprint, structure, output, mode, cval, origin, axes
    )
    return finished(xp, grey_closing(x, **window) - x, output)
