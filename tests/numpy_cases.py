"""What NumPy's functions are tried on: for each name of the table expressions over inputs of known kinds.

An expression is evaluated with NumPy's functions on arrays, and on tensors with NumPy's again and with those
of ``anygrad.numpy``; ``o`` is a buffer that is written into, and the result where an expression returns None.
"""

from __future__ import annotations

import re

import numpy as np

_RANDOM = np.random.default_rng(5)


def _drawn(*shape: int) -> np.ndarray:
    return _RANDOM.normal(size=shape)


def _inputs() -> dict[str, np.ndarray]:
    """Return the inputs by their letters; floating and complex ones are differentiated."""
    x, square = _drawn(3, 4), _drawn(3, 3)
    holes = _drawn(3, 4)
    holes[0, 1] = holes[2, 1:3] = np.nan
    return {
        "x": x,
        "y": _drawn(3, 4),
        "v": _drawn(4),
        "w": _drawn(4),
        "u": _drawn(3),
        "q": np.array([0.1, 0.45, 0.8]),
        "l": np.sort(_drawn(6)),
        "m": square,
        "h": square @ square.T + np.eye(3),
        "p": np.abs(_drawn(3, 4)) + 0.5,
        "r": _RANDOM.uniform(-0.9, 0.9, (3, 4)),
        "s": np.array(1.3),
        "t": _drawn(2, 3, 4),
        "z": _drawn(3, 4) + 1j * _drawn(3, 4),
        "k": _drawn(3, 3) + 1j * _drawn(3, 3),
        "d": _drawn(4) + 1j * _drawn(4),
        "e": np.zeros((0, 3)),
        "n": holes,
        "i": _RANDOM.integers(1, 9, (3, 4)),
        "j": np.array([2, 0, 2, 1]),
        "b": x > 0.0,
        "c": np.array([True, False, True, True]),
        "o": _drawn(3, 4),
        "g": _drawn(4, 4),
    }


INPUTS = _inputs()


_UFUNCS = """
absolute: x z s; fabs: x; arccos: r; arccosh: 1+p; arcsin: r; arcsinh: x z; arctan: x; arctanh: r; cbrt: x;
ceil: x; conjugate: x z; cos: x z; cosh: x z; degrees: x; deg2rad: x; exp: x z; exp2: x; expm1: x; floor: x;
invert: i; isfinite: n; isinf: n; isnan: n; log: p z; log10: p; log1p: p; log2: p; logical_not: b; modf: 3*x;
frexp: 3*x; negative: x z; positive: x z; rad2deg: x; radians: x; reciprocal: p z; rint: x i; sign: x z;
signbit: x; sin: x z; sinh: x z; spacing: p; sqrt: p z; square: x z; tan: x z; tanh: x z; trunc: 3*x;
bitwise_count: i; add: x,y z,x x,v 2,x; arctan2: x,y; bitwise_and: i,3; bitwise_or: i,3; bitwise_xor: i,3;
copysign: x,y; divide: x,p z,z; equal: x,y; float_power: p,x; floor_divide: x,p; fmax: n,y; fmin: n,y;
fmod: 3*x,p; gcd: i,6; lcm: i,6; greater: x,y; greater_equal: x,y; heaviside: x,0.5; hypot: x,y; ldexp: x,j;
left_shift: i,j; less: x,v; less_equal: x,y; logaddexp: x,y; logaddexp2: x,y; logical_and: b,c;
logical_or: b,c; logical_xor: b,c; maximum: x,y x,0.0; minimum: x,y; multiply: x,y x,u[:,None] z,d;
nextafter: i,j; not_equal: x,y; power: p,x x,2 z,3; remainder: 3*x,p; right_shift: i,j; subtract: x,v;
divmod: 3*x,p; matmul: x,g t,g x,v k,k; vecdot: x,y z,z; matvec: x,v t,v; vecmat: u,x
"""

_CASES = """
sum(x); sum(x, axis=1, keepdims=True); sum(z, 0); sum(x, where=b, initial=2.0); sum(i); sum(e, 0); sum(s)
prod(x); prod(x, axis=(0, 1)); prod(x, 1, where=b); prod(i, 0); prod(e); max(x); max(x, axis=1)
max(x, 0, initial=0.1); max(x, 1, where=b, initial=-9.0); amax(x, 1); amin(x, 1); min(x)
min(x, axis=(0, 1), keepdims=True); min(x, where=b, initial=9.0); all(b, axis=0); all(x)
any(b, 1, keepdims=True); any(x, where=b); count_nonzero(i, axis=0); ptp(x); ptp(x, axis=1); mean(x)
mean(x, 1, keepdims=True); mean(z, 0); mean(x, where=b); mean(i); var(x); var(x, 1, ddof=1); var(z, 0)
var(x, where=b); std(x); std(x, axis=0, ddof=1); std(z); std(x, 1, where=b); average(x)
average(x, axis=1, weights=w); average(x, weights=p); average(x, 0, u, returned=True); cov(x)
cov(x, rowvar=False, bias=True); cov(x, y); cov(x, fweights=j, ddof=0); cov(x, aweights=p[0]); cov(z)
corrcoef(x); corrcoef(x, y, rowvar=False); cumsum(x); cumsum(x, axis=1); cumsum(i); cumprod(x, 1)
cumprod(x); cumulative_sum(x, axis=0, include_initial=True); cumulative_prod(v); median(x)
median(x, axis=1, keepdims=True); median(v); quantile(x, 0.3); quantile(x, q, axis=1)
quantile(x, [0.25, 0.5], axis=0, method="lower"); percentile(x, 30.0, axis=1); percentile(x, [10, 50, 95])
nansum(n); nansum(n, axis=0); nanprod(n, 1); nanmean(n); nanmean(n, axis=1); nanvar(n, 1); nanvar(n, ddof=1)
nanstd(n); nanstd(n, 1, keepdims=True); nanmax(n); nanmax(n, axis=0); nanmin(n, axis=1)
nanargmax(n, axis=1); nanargmin(n, axis=0); nancumsum(n, axis=1); nancumprod(n); nanmedian(n)
nanmedian(n, axis=1); nanquantile(n, 0.3); nanquantile(n, q, axis=1)
nanquantile(n, q, axis=0, keepdims=True); nanpercentile(n, [20, 60], axis=1)
nanpercentile(n, 40, method="nearest"); nanmax(x, 1); nanmedian(i, axis=0); clip(x, -0.5, 0.5)
clip(x, None, v); clip(x, min=-0.2); round(3 * x, 1); round(i, -1); around(3 * x); fix(3 * x); real(z)
real(x); imag(z); imag(x); angle(z); angle(z, deg=True); angle(x); isreal(z); iscomplex(z); iscomplexobj(z)
isrealobj(x); isposinf(n); isneginf(n); real_if_close(z * 0 + x); nan_to_num(n); nan_to_num(n, nan=2.0)
sinc(x); i0(x); unwrap(9 * x); unwrap(9 * x, axis=0); unwrap(9 * v, period=4.0); shape(x); ndim(x); size(x)
size(x, 1); reshape(x, (4, 3)); reshape(x, -1); reshape(x, (2, 6), order="F"); ravel(x); ravel(x, order="F")
transpose(t); transpose(t, (1, 0, 2)); matrix_transpose(t); swapaxes(t, 0, 2); moveaxis(t, 0, -1)
moveaxis(t, [0, 1], [-1, -2]); rollaxis(t, 2); rollaxis(t, 0, 3); expand_dims(x, (0, 2)); squeeze(x[:1])
squeeze(x[None], axis=0); broadcast_to(v, (3, 4)); broadcast_arrays(x, v, s); atleast_1d(s)
atleast_1d(s, v); atleast_2d(v); atleast_2d(s, x); atleast_3d(s); atleast_3d(v); atleast_3d(x)
astype(x, "complex128"); flip(x); flip(x, 1); fliplr(x); flipud(x); rot90(x); rot90(x, 2); rot90(x, 3)
rot90(t, 1, (1, 2)); rot90(x, -1); roll(x, 2); roll(x, 1, axis=0); roll(x, (1, 2), axis=(0, 1))
resize(x, (2, 7)); resize(v, 3); tril(x); tril(v); triu(t, 1); diag(v); diag(x); diag(u, 1); diag(u, -2)
diag(m, -1); diagflat(x[:2, :2]); diagonal(x); diagonal(t, 1, 0, 2); trace(m); trace(t, 0, 1, 2)
concatenate([x, y]); concatenate([x, y], axis=1); concatenate([x, v[None]], 0)
concatenate([x, y], axis=None); concatenate([x, z]); stack([x, y]); stack([v, w], axis=1); vstack([v, x])
hstack([v, w]); hstack([x, y]); dstack([x, y]); dstack([v, w]); column_stack([u, x]); append(x, v)
append(x, x, axis=0); block([[x, y], [y, x]]); block([v, w]); block(x)
block([[m, u[:, None]], [u[None], s]]); array_split(x, 3, axis=1); array_split(v, [1, 3])
split(x, 2, axis=1); split(v, [1, 2]); hsplit(x, 2); vsplit(x, 3); hsplit(v, 2); dsplit(t, 2); unstack(x)
unstack(x, axis=1); repeat(x, 2); repeat(x, 3, axis=1); repeat(v, j); tile(v, 3); tile(x, (2, 1)); pad(x, 1)
pad(x, ((0, 1), (2, 0)), "edge"); pad(v, 2, "reflect"); pad(x, 1, constant_values=2.0)
pad(v, (1, 2), "wrap"); pad(x, {1: (1, 2)}); insert(v, 1, 5.0); insert(x, 1, v, axis=0)
insert(v, [1, 3], [7.0, 8.0]); insert(x, [0, 2], u[:, None], axis=1); insert(v, [2, 2], w[:2])
insert(v, -1, s); insert(x, 2, u, axis=1); insert(v, slice(1, 3), 2.0); insert(x, 3, s); delete(v, 1)
delete(x, [0, 2], axis=1); delete(x, slice(1, 3)); delete(v, c); trim_zeros(v * c); trim_zeros(v * c, "f")
sort(x); sort(x, axis=0); sort(x, axis=None); argsort(x); argsort(x, axis=None); partition(l, 2)
argpartition(l, 0); sort_complex(d); sort_complex(v); lexsort((i[0], j)); lexsort(i); argmax(x)
argmax(x, axis=1); argmin(x, 0, keepdims=True); nonzero(i % 2); argwhere(b); argwhere(s); flatnonzero(x > 0)
searchsorted(l, v); searchsorted(l, s, side="right"); digitize(x, l); digitize(x, l[::-1])
digitize(v, l, right=True); isin(i, j); isin(j, [1, 2], invert=True); bincount(j); bincount(j, weights=v)
bincount(j, minlength=6); histogram(x); histogram(x, 5, weights=y); histogram(x, l)
histogram(x, 4, (-1.0, 1.0)); histogram(x, l, density=True); histogram(x, 5, weights=p, density=True)
histogram_bin_edges(x, 5); histogram_bin_edges(x, "sturges"); histogram(i); unique(j)
unique(j, return_index=True, return_inverse=True, return_counts=True); unique(x); sort(unique_values(j))
unique_all(j); unique(i % 2, axis=1); unique(x[[0, 1, 0]], axis=0, return_inverse=True)
sum(x, keepdims=no_value); unique_counts(j); unique_inverse(j); union1d(j, [5, 2]); union1d(v, w)
intersect1d(j, [2, 7, 1]); intersect1d(j, [0, 2], return_indices=True); setdiff1d(j, [2])
setxor1d(j, [2, 9]); where(b); where(b, x, y); where(b, x, 0.0); where(c, 1, 2.5); where(b, z, x)
where(i > 3, x, v); select([b, y > 0], [x, 2 * y], 7.0); select([b, y > 0], [x, y])
choose(j, [v, w, 2 * v]); choose(j + 1, [v, w, w], mode="clip")
piecewise(x, [x < 0, x > 1], [lambda a: a**2, lambda a: 3 * a, lambda a: a]); piecewise(x, [b], [5.0])
take(x, [0, 5]); take(x, j, axis=1); take(x, 1, axis=0); take(v, [5, -7], mode="wrap")
take(v, 9, mode="clip"); take_along_axis(x, i % 3, axis=0); take_along_axis(x, argsort(x, axis=1), axis=1)
take_along_axis(x, j, axis=None); compress([True, False, True], x, axis=0); compress(c, v)
compress([0, 1, 1], x); extract(b, x); apply_along_axis(lambda a: a / a.sum(), 1, x)
apply_along_axis(lambda a: (a * a).sum(), 0, x); apply_over_axes(sum, t, [0, 2]); isclose(x, x + 1e-9)
isclose(n, n, equal_nan=True); allclose(x, x); allclose(x, y); array_equal(x, x); array_equal(x, v)
array_equal(n, n, equal_nan=True); array_equiv(x, x[None]); copyto(o, x); copyto(o, v)
copyto(o, 2.0, where=b); copyto(o, x, where=c); put(o, [0, 5], [s, 2.0]); put(o, [1, -1, 3], s)
put(o, [13, 2], v[:2], mode="wrap"); place(o, b, v); putmask(o, b, x); putmask(o, b, v[:2])
put_along_axis(o, i[:, :1] % 4, u[:, None], axis=1); put_along_axis(o, i[:1] % 3, 7.0, axis=0)
fill_diagonal(o, 3.0); fill_diagonal(o, u); ix_(j, [0, 1]); ix_(c, j); meshgrid(v, u)
meshgrid(v, u, indexing="ij"); meshgrid(v, u, sparse=True); meshgrid(v, u, w)
ravel_multi_index((j, j), (3, 4)); unravel_index(j, (2, 2)); diag_indices_from(m); tril_indices_from(m)
triu_indices_from(x, 1); dot(x, v); dot(x, g); dot(v, w); dot(s, x); dot(t, g); dot(k, k); vdot(x, y)
vdot(z, z); inner(x, y); inner(x, v); inner(s, x); outer(v, u); outer(x, s); kron(v, u); kron(m, x)
kron(v, m); cross(u, q); cross(m, u); cross(m, m.T, axis=0); tensordot(t, g, 1)
tensordot(t, t, axes=([0, 2], [0, 2])); einsum("ij,jk->ik", x, g); einsum("ii", m); einsum("ij,j", x, v)
einsum(x, [0, 1], v, [1]); einsum(x, [0, 1], g, [1, 2], [2, 0]); einsum("...j,j", t, v)
einsum_path("ij,jk", x, g); convolve(v, u); convolve(v, u, "same"); convolve(u, v, "valid"); convolve(d, v)
correlate(v, u); correlate(v, u, "full"); correlate(v, u, "same"); correlate(u, v, "same")
correlate(u, v, "valid"); correlate(d, d[::-1], "full"); correlate(u, v, "full")
correlate(v[:2], l, "same"); correlate(v, l, "same"); convolve(v[:2], l, "same")
correlate(u[:1], v, "same"); diff(x); diff(x, 2, axis=0); diff(v, prepend=0.0, append=w[:1])
diff(x, axis=1, prepend=u[:, None]); ediff1d(x); ediff1d(v, to_end=[9.0, 8.0], to_begin=s); gradient(v)
gradient(x); gradient(x, axis=1); gradient(x, 0.5, axis=0); gradient(l, 2.0, edge_order=2)
gradient(v, l[:4]); gradient(x, l[:3], 0.7); gradient(v, l[:4], edge_order=2); gradient(i); trapezoid(v)
trapezoid(x, axis=0); trapezoid(x, l[:4]); trapezoid(x, dx=0.5); trapezoid(x, p, axis=0); interp(x, l, l**2)
interp(s, l, q[[0, 1, 2, 0, 1, 2]]); interp(3 * x, l, l, left=-7.0, right=9.0)
interp(x, l, l * 2, period=1.7); polyval(v, x); polyval(v, s); polyval([1, 2, 3], x); polyadd(v, u)
polysub(u, v); polymul(v, u); polydiv(v, u[:2]); polyder(v); polyder(l, 2); polyint(v)
polyint(v, 2, [1.0, 2.0]); polyint(v, 2, s); poly(u); poly(m); poly(d); roots(v); roots([0, 1.0, 2, 0])
vander(v); vander(v, 3, increasing=True); polyfit(l, l**3 + 1, 2); polyfit(v, w, 1, w=p[0])
polyfit(l, l**2, 1, cov=True); polyfit(u, x, 1); roots(d); array(x); array([x, y]); array([s, 2.0])
asarray(x); asanyarray(x); ascontiguousarray(x); asfortranarray(x); require(x); copy(x); array(v, ndmin=3)
zeros(3); zeros((2, 3), "float32"); ones(2); full(3, 2.0); full((2, 4), v); identity(3); eye(3, 4, 1)
tri(3, 4, 1); arange(3); arange(1, 4, 0.5); linspace(0, 1, 5); linspace(s, 2.0, 4)
linspace(v, w, 3, axis=1); linspace(s, v, 3, False); linspace(0, s, 5, retstep=True)
linspace(0, 9, 4, dtype="int64"); logspace(0, 2, 3); logspace(s, 2.0, 4, base=2.0); geomspace(1, 100, 3)
geomspace(s, 20.0, 4); geomspace(-1.0, -8.0, 4); geomspace(p[0], p[1], 3, axis=1); linspace(s, 2.0, 1)
zeros_like(x); zeros_like(x, shape=(2, 2)); ones_like(x, dtype="int32"); full_like(x, 3.0); full_like(x, v)
full_like(i, 2.6); indices((2, 3)); indices((2, 3), sparse=True)
fromfunction(lambda a, f: a * 2 + f, (2, 3)); hanning(5); hamming(4); blackman(6); bartlett(5)
kaiser(5, 3.0); kaiser(4, s); fromiter([1.0, 2.0], float); diag_indices(3); tril_indices(3, -1)
triu_indices(2); mask_indices(3, tril); result_type(x, "float32"); can_cast(x, "float32")
min_scalar_type(x); common_type(x, i); array2string(x); array_repr(x); array_str(x); linalg.det(m)
linalg.det(k); linalg.inv(m); linalg.slogdet(m); linalg.eigvals(h); linalg.eigvals(m); linalg.eigvalsh(h)
linalg.eigvalsh(m, "U"); linalg.eigvalsh(k); linalg.cholesky(h); linalg.cholesky(h, upper=True)
linalg.svdvals(x); linalg.svd(x, compute_uv=False); linalg.solve(m, u); linalg.solve(m, x)
linalg.solve(k, u); linalg.lstsq(x.T, v)[0]; linalg.pinv(x); linalg.pinv(x, rcond=1e-3)
linalg.matrix_rank(x); linalg.matrix_rank(v); linalg.matrix_rank(x, tol=1.0); linalg.matrix_power(m, 3)
linalg.matrix_power(m, -1); linalg.multi_dot([v, g, x.T, u]); linalg.multi_dot([x, g, g])
linalg.multi_dot([m, x, g, w]); linalg.norm(x); linalg.norm(v); linalg.norm(v, 1); linalg.norm(x, axis=1)
linalg.norm(x, 1); linalg.norm(x, "nuc"); linalg.norm(x, 2); linalg.norm(t, axis=(0, 2))
linalg.norm(x, np_inf); linalg.norm(t, 2, axis=(1, 2), keepdims=True); linalg.norm(z); linalg.norm(v, 3)
linalg.norm(t); linalg.norm(v, -np_inf); linalg.norm(x, "fro"); linalg.vector_norm(x, axis=0)
linalg.matrix_norm(t); linalg.cond(m); linalg.cond(m, 1); linalg.cond(m, -2)
linalg.tensorinv(h.reshape(3, 1, 3), ind=2); linalg.tensorsolve(h, u); linalg.cross(m, h)
linalg.outer(v, u); linalg.diagonal(x); linalg.trace(t); linalg.matmul(x, g); linalg.matrix_transpose(t)
linalg.tensordot(x, g, axes=1); linalg.vecdot(z, z); linalg.qr(m, "r"); linalg.qr(x.T)[1]
abs(linalg.eigh(h)[1]); linalg.eigh(m)[0]; linalg.eig(h)[0]; abs(linalg.svd(x, full_matrices=False)[0])
fft.fft(x); fft.fft(z, axis=0); fft.fft(v, 6, norm="ortho"); fft.ifft(z); fft.rfft(x); fft.irfft(z)
fft.irfft(z, 5); fft.hfft(z); fft.ihfft(x); fft.fftn(t); fft.fftn(t, axes=(0, 1)); fft.ifftn(z)
fft.rfftn(t); fft.irfftn(z); fft.fft2(x); fft.fft2(t, s=(2, 5)); fft.ifft2(z); fft.rfft2(x); fft.irfft2(z)
fft.fftshift(x); fft.fftshift(x, axes=1); fft.ifftshift(x); fft.fftfreq(5); fft.rfftfreq(6, 0.1)
lib.stride_tricks.sliding_window_view(v, 2); lib.stride_tricks.sliding_window_view(x, (2, 3))
lib.stride_tricks.sliding_window_view(x, 2, axis=0); emath.sqrt(x); emath.sqrt(p); emath.log(x)
emath.log2(x); emath.log10(x); emath.logn(2, p); emath.arccos(3 * x); emath.arcsin(x); emath.arctanh(3 * x)
emath.power(x, 0.5); add.reduce(x); add.reduce(x, axis=None); add.reduce(x, 1, keepdims=True)
multiply.reduce(x); maximum.reduce(x, 1); minimum.reduce(x, axis=(0, 1)); subtract.reduce(x, 1)
divide.reduce(p); power.accumulate(p, 1); logaddexp.reduce(x, axis=1); logaddexp.reduce(x, axis=None)
hypot.reduce(x); logical_and.reduce(b); logical_or.reduce(b, 1); bitwise_or.reduce(i); fmax.reduce(n, 1)
subtract.reduce(x, 1, initial=2.0); add.reduce(x, 0, where=b); logical_xor.reduce(b, 1)
logaddexp.reduce(x, 1, where=c); add.accumulate(x); add.accumulate(x, 1); multiply.accumulate(x)
maximum.accumulate(x, axis=1); subtract.accumulate(x); divide.accumulate(p); add.reduceat(l, [0, 2, 4])
add.reduceat(x, [0, 2, 1], axis=1); maximum.reduceat(l, [0, 4, 1]); multiply.reduceat(x, [0, 1])
add.outer(v, u); multiply.outer(x, u); subtract.outer(s, v); power.outer(p[0], 2.0); add.at(o, 1, 2.0)
add.at(o, (j % 3, j), v); add.at(o, ([0, 0, 2], [1, 1, 3]), u); subtract.at(o, [0, 0], v)
multiply.at(o, [0, 0, 1], x); maximum.at(o, [1, 1], x[:2]); negative.at(o, [0, 2])
divide.at(o, (slice(None), 1), q); exp.at(o, [2, 2]); power.at(o, 0, 2); add.at(o, b, 1.5)
add(x, y, where=b, out=o); divide(x, y, where=x > 0, out=o); log(x, where=b, out=o); sin(x, out=o)
sum(x, 0, out=o[0]); multiply(v, 2, out=o); add(x, 1, dtype="complex128"); maximum(x, y, out=o)
cumsum(x, 1, None, o); mean(x, axis=1, out=o[:, 0]); clip(x, 0, 1, out=o); dot(x, g, out=o)
concatenate([x[:1], y[1:]], out=o); matmul(x, g, out=o)
"""

_NAME = re.compile(r"(?:(?:linalg|fft|lib\.stride_tricks|emath)\.)?[a-z_0-9]+")


def _expressions() -> list[str]:
    """Return every expression, those of ufuncs written out."""
    found = [e.strip() for line in _CASES.splitlines() for e in line.split("; ") if "(" in e]
    for entry in _UFUNCS.replace("\n", " ").split(";"):
        name, _, operands = entry.strip().partition(": ")
        found += [f"{name}({given})" for given in operands.split()]
    return found


EXPRESSIONS = _expressions()


def names_in(expression: str) -> list[str]:
    """Return the letters of the inputs that an expression reads."""
    return [
        letter for letter in re.findall(r"(?<![\w.\"'])([a-z])(?![\w\"'(=])", expression) if letter in INPUTS
    ]


def name_of(expression: str) -> str:
    """Return the name in the table of what an expression tries."""
    found = _NAME.search(expression)
    assert found is not None, expression
    return found.group().replace("emath.", "lib.scimath.")
