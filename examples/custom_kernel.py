"""A CUDA kernel of one's own as an operation with a gradient: a CuPy RawKernel in an ag.Function.

python examples/custom_kernel.py
python examples/custom_kernel.py --device cuda
"""

import argparse
from pathlib import Path

import anygrad as ag

SOURCE = r"""
extern "C" __global__ void swish(const float* x, float* out, const int n) {
    const int i = blockDim.x * blockIdx.x + threadIdx.x;
    if (i < n) out[i] = x[i] / (1.0f + expf(-x[i]));
}
extern "C" __global__ void slope(const float* x, const float* g, float* out, const int n) {
    const int i = blockDim.x * blockIdx.x + threadIdx.x;
    if (i < n) {
        const float s = 1.0f / (1.0f + expf(-x[i]));
        out[i] = g[i] * s * (1.0f + x[i] * (1.0f - s));
    }
}
"""


def launch(name, *tensors):
    """Run one of the kernels over float32 tensors of one shape; return the result as a tensor."""
    import cupy

    arrays = [cupy.ascontiguousarray(t.array) for t in tensors]
    with arrays[0].device:
        out = cupy.empty_like(arrays[0])
        blocks = (out.size + 255) // 256
        cupy.RawKernel(SOURCE, name)((blocks,), (256,), (*arrays, out, cupy.int32(out.size)))
    return ag.asarray(out)


class Swish(ag.Function):
    """x * sigmoid(x): one kernel forward and one backward on CUDA, plain functions elsewhere."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return launch("swish", x) if x.device.library == "cuda" else x / (1 + ag.exp(-x))

    @staticmethod
    @ag.autograd.once_differentiable  # a second derivative of a kernel raises, and is never silently zero
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        if x.device.library == "cuda":
            return launch("slope", x, g)
        s = 1 / (1 + ag.exp(-x))
        return g * s * (1 + x * (1 - s))


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--device", default="cpu", help="where to compute: cpu, cuda, torch:cpu, ...")
    parser.add_argument("--out", type=Path, default=Path("demo"), help="the folder for the picture")
    options = parser.parse_args(argv)
    options.out.mkdir(parents=True, exist_ok=True)

    x = ag.linspace(-4.0, 4.0, 9, dtype=ag.float32, device=options.device, requires_grad=True)
    y = (Swish.apply(x) * x).sum()
    drawing = ag.draw(y, {"x": x, "y": y})
    y.backward()
    (expected,) = ag.autograd.grad((ag.silu(x) * x).sum(), x)
    print("the gradient:", [round(v, 4) for v in x.grad.tolist()])
    print(f"differs from silu's by at most {ag.max(ag.abs(x.grad - expected)).item():.1e}")
    print("wrote", drawing.save(options.out / "custom_kernel.svg"))


if __name__ == "__main__":
    main()
