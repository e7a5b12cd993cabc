"""Measures of the regions of an image: sums, means, spreads, extremes and centres of what has one label.

All in functions of tensors, on every device. Labels are whole numbers and have no derivative: they are read
on the host, where each pixel is given the number of its region.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from anygrad.errors import ShapeError, message
from anygrad.scipy.doors import beside, double, given
from anygrad.scipy.ndimage.borders import fixed

__all__ = [
    "center_of_mass",
    "extrema",
    "maximum",
    "maximum_position",
    "mean",
    "median",
    "minimum",
    "minimum_position",
    "standard_deviation",
    "sum",
    "sum_labels",
    "variance",
]


class _Regions:
    """The regions that labels and ``index`` name: all that is not labelled 0 where no index is given."""

    def __init__(self, op: str, x: Any, labels: Any, index: Any) -> None:
        self.xp, self.x = given(op, input=x)
        self.whole = labels is None
        self.shape: tuple[int, ...] = ()
        places = np.arange(self.x.size)
        if self.whole and index is not None:
            raise ShapeError(message(op, "index is given and labels are not", "pass labels="))
        number = np.zeros(self.x.size, np.int64)
        if not self.whole:
            try:
                marks = np.broadcast_to(fixed(op, "labels", labels), self.x.shape).reshape(-1)
            except ValueError:
                got = f"labels has shape {np.shape(labels)}, input has shape {self.x.shape}"
                raise ShapeError(message(op, got, "expected labels that broadcast to input")) from None
            if index is None:
                chosen = marks != 0
            else:
                wanted = fixed(op, "index", index)
                self.shape = wanted.shape
                names, number_of = np.unique(wanted.reshape(-1), return_inverse=True)
                self.order = number_of
                at = np.minimum(np.searchsorted(names, marks), max(names.size - 1, 0))
                chosen = names[at] == marks if names.size else np.zeros(marks.shape, bool)
                number = at[chosen] if chosen.any() else number[:0]
                self.count = names.size
            places = places[chosen]
            number = number if index is not None else number[: places.size]
        if index is None:
            self.order, self.count = np.zeros(1, np.int64), 1
        self.places, self.number = places, number

    def entries(self) -> Any:
        """Return the entries of all regions, flat and in double precision, in which SciPy adds them up."""
        x = self.xp.take(self.xp.reshape(self.x, (-1,)), beside(self.x, self.places), axis=0)
        return double(x)

    def added(self, values: Any) -> Any:
        """Return the sums of values, one for each entry, by region."""
        zeros = self.xp.zeros((self.count,), dtype=values.dtype)
        return self.xp.index_add(zeros, beside(self.x, self.number), values, axis=0)

    def sizes(self) -> Any:
        """Return how many entries each region has."""
        counts = np.bincount(self.number, minlength=self.count)
        return self.xp.asarray(counts, dtype=self.entries().dtype)

    def at(self, values: Any) -> Any:
        """Return for each entry the value of its region."""
        return self.xp.take(values, beside(self.x, self.number), axis=0)

    def shaped(self, values: Any) -> Any:
        """Return values of regions in the shape of the index."""
        return self.xp.reshape(self.xp.take(values, beside(self.x, self.order), axis=0), self.shape)

    def ranked(self, *ranks: Any) -> list[np.ndarray]:
        """Return the place of the entry of each rank, ``rank(count)``, by region; -1 in an empty one."""
        values = self.x.xp.to_numpy(self.x.array).reshape(-1)[self.places]
        order = np.lexsort((self.places, values, self.number))
        counts = np.bincount(self.number, minlength=self.count)
        starts = np.cumsum(counts) - counts
        found = []
        for rank in ranks:
            at = np.minimum(starts + rank(counts), max(order.size - 1, 0))
            place = self.places[order[at]] if order.size else np.zeros(self.count, np.int64)
            found.append(np.where(counts > 0, place, -1))
        return found

    def entry(self, places: np.ndarray) -> Any:
        """Return the entries at places, in the shape of the index; 0 where there is none."""
        flat = self.xp.reshape(self.x, (-1,))
        values = (
            self.xp.take(flat, beside(self.x, np.maximum(places, 0)), axis=0)
            if flat.size
            else self.xp.zeros(places.shape)
        )
        there = beside(self.x, places >= 0)
        return self.shaped(self.xp.where(there, values, self.xp.zeros_like(values)))


def sum_labels(input: Any, labels: Any = None, index: Any = None) -> Any:
    """Return the sum of each region of an image: of what ``labels`` gives the numbers of ``index``.

    ``labels`` has the shape of ``input`` or broadcasts to it; without, all is one region, and without
    ``index`` all that is not labelled 0. The result has the shape of ``index``, dtype float64, or that of
    ``input`` without index. Differentiable to any order in ``input``, on every device. Raises
    ``ShapeError`` for labels that do not fit.

    >>> import anygrad as ag
    >>> ag.scipy.ndimage.sum_labels([1.0, 2.0, 4.0, 8.0], [1, 1, 2, 0], [1, 2, 3])
    tensor([3., 4., 0.], dtype=float64, device='cpu')
    """
    regions = _Regions("sum_labels", input, labels, index)
    found = regions.shaped(regions.added(regions.entries()))
    kept = not regions.shape and regions.x.dtype.kind in "fc"
    return regions.xp.astype(found, regions.x.dtype, copy=False) if kept else found


def sum(input: Any, labels: Any = None, index: Any = None) -> Any:
    """Return the sum of each region of an image: ``sum_labels``.

    >>> import anygrad as ag
    >>> ag.scipy.ndimage.sum([1.0, 2.0, 4.0, 8.0], [1, 1, 2, 0])
    tensor(7., dtype=float64, device='cpu')
    """
    return sum_labels(input, labels, index)


def mean(input: Any, labels: Any = None, index: Any = None) -> Any:
    """Return the mean of each region of an image; NaN of an empty one. As ``sum_labels``.

    >>> import anygrad as ag
    >>> ag.scipy.ndimage.mean([1.0, 2.0, 4.0, 8.0], [1, 1, 2, 0], [1, 2])
    tensor([1.5, 4. ], dtype=float64, device='cpu')
    """
    regions = _Regions("mean", input, labels, index)
    return regions.shaped(regions.added(regions.entries()) / regions.sizes())


def _variance(regions: Any) -> Any:
    x, sizes = regions.entries(), regions.sizes()
    rest = x - regions.at(regions.added(x) / sizes)
    square = rest * regions.xp.conj(rest) if x.dtype.kind == "c" else rest * rest
    return regions.added(regions.xp.real(square) if x.dtype.kind == "c" else square) / regions.xp.real(sizes)


def variance(input: Any, labels: Any = None, index: Any = None) -> Any:
    """Return the variance of each region of an image; NaN of an empty one. As ``sum_labels``.

    >>> import anygrad as ag
    >>> ag.scipy.ndimage.variance([1.0, 2.0, 4.0, 8.0], [1, 1, 2, 2], [1, 2])
    tensor([0.25, 4.  ], dtype=float64, device='cpu')
    """
    regions = _Regions("variance", input, labels, index)
    return regions.shaped(_variance(regions))


def standard_deviation(input: Any, labels: Any = None, index: Any = None) -> Any:
    """Return the standard deviation of each region of an image. As ``variance``; at 0 its gradient is 0.

    >>> import anygrad as ag
    >>> ag.scipy.ndimage.standard_deviation([1.0, 2.0, 4.0, 8.0], [1, 1, 2, 2], [1, 2])
    tensor([0.5, 2. ], dtype=float64, device='cpu')
    """
    regions = _Regions("standard_deviation", input, labels, index)
    xp, found = regions.xp, _variance(regions)
    even = found == 0
    root = xp.sqrt(xp.where(even, xp.ones_like(found), found))
    return regions.shaped(xp.where(even, xp.zeros_like(root), root))


def minimum(input: Any, labels: Any = None, index: Any = None) -> Any:
    """Return the smallest entry of each region of an image; 0 of an empty one.

    As ``sum_labels``, in the dtype of ``input``. The gradient goes to the first of equals.

    >>> import anygrad as ag
    >>> ag.scipy.ndimage.minimum([1.0, 2.0, 4.0, 8.0], [1, 1, 2, 2], [1, 2])
    tensor([1., 4.], dtype=float64, device='cpu')
    """
    regions = _Regions("minimum", input, labels, index)
    return regions.entry(regions.ranked(lambda n: n * 0)[0])


def maximum(input: Any, labels: Any = None, index: Any = None) -> Any:
    """Return the largest entry of each region of an image; 0 of an empty one.

    As ``sum_labels``, in the dtype of ``input``. The gradient goes to the last of equals.

    >>> import anygrad as ag
    >>> ag.scipy.ndimage.maximum([1.0, 2.0, 4.0, 8.0], [1, 1, 2, 2], [1, 2])
    tensor([2., 8.], dtype=float64, device='cpu')
    """
    regions = _Regions("maximum", input, labels, index)
    return regions.entry(regions.ranked(lambda n: n - 1)[0])


def median(input: Any, labels: Any = None, index: Any = None) -> Any:
    """Return the median of each region of an image: of an even number the mean of two. As ``minimum``.

    >>> import anygrad as ag
    >>> ag.scipy.ndimage.median([1.0, 2.0, 4.0, 8.0], [1, 1, 2, 0], [1, 2])
    tensor([1.5, 4. ], dtype=float64, device='cpu')
    """
    regions = _Regions("median", input, labels, index)
    low, high = regions.ranked(lambda n: (n - 1) // 2, lambda n: n // 2)
    return (regions.entry(low) + regions.entry(high)) / 2


def _position(regions: Any, places: np.ndarray) -> Any:
    found = np.stack(np.unravel_index(np.maximum(places, 0), regions.x.shape), axis=-1)[regions.order]
    rows = [tuple(int(i) for i in row) for row in found]
    return rows if regions.shape else rows[0]


def minimum_position(input: Any, labels: Any = None, index: Any = None) -> Any:
    """Return where the smallest entry of each region is: whole numbers, which have no gradient.

    >>> import anygrad as ag
    >>> ag.scipy.ndimage.minimum_position([[4.0, 2.0], [1.0, 8.0]])
    (1, 0)
    """
    regions = _Regions("minimum_position", input, labels, index)
    return _position(regions, regions.ranked(lambda n: n * 0)[0])


def maximum_position(input: Any, labels: Any = None, index: Any = None) -> Any:
    """Return where the largest entry of each region is: whole numbers, which have no gradient.

    >>> import anygrad as ag
    >>> ag.scipy.ndimage.maximum_position([[4.0, 2.0], [1.0, 8.0]])
    (1, 1)
    """
    regions = _Regions("maximum_position", input, labels, index)
    return _position(regions, regions.ranked(lambda n: n - 1)[0])


def extrema(input: Any, labels: Any = None, index: Any = None) -> Any:
    """Return the smallest and the largest entry of each region, and where they are. As ``minimum``.

    >>> import anygrad as ag
    >>> ag.scipy.ndimage.extrema([1.0, 2.0, 4.0])[:2]
    (tensor(1., dtype=float64, device='cpu'), tensor(4., dtype=float64, device='cpu'))
    """
    regions = _Regions("extrema", input, labels, index)
    low, high = regions.ranked(lambda n: n * 0, lambda n: n - 1)
    places = _position(regions, low), _position(regions, high)
    return regions.entry(low), regions.entry(high), *places


def center_of_mass(input: Any, labels: Any = None, index: Any = None) -> Any:
    """Return the centre of the entries of each region, as weights: a tuple of a number for each axis.

    Where ``index`` has an axis, a list of such tuples. As ``sum_labels``; NaN where the sum is 0.

    >>> import anygrad as ag
    >>> ag.scipy.ndimage.center_of_mass([[1.0, 0.0], [0.0, 3.0]])
    (tensor(0.75, dtype=float64, device='cpu'), tensor(0.75, dtype=float64, device='cpu'))
    """
    regions = _Regions("center_of_mass", input, labels, index)
    xp, x = regions.xp, regions.entries()
    total = regions.added(x)
    grid = np.unravel_index(regions.places, regions.x.shape)
    rows = [regions.shaped(regions.added(x * xp.asarray(line, dtype=x.dtype)) / total) for line in grid]
    if not regions.shape:
        return tuple(rows)
    return [tuple(row[at] for row in rows) for at in np.ndindex(*regions.shape)]
