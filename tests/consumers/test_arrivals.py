"""What becomes known to other libraries when either is imported, in an interpreter of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

EINOPS = "assert einops.rearrange(ag.ones((2, 3)), 'a b -> b a').shape == (3, 2)"
EINX = "assert einx.id('a b -> b a', ag.ones((2, 3))).shape == (3, 2)"


@pytest.mark.parametrize(
    "program",
    [
        f"import anygrad as ag; import einops; {EINOPS}",
        f"import einops; import anygrad as ag; {EINOPS}",
        f"import anygrad as ag; from einops.array_api import reduce; import einops; {EINOPS}",
        f"import anygrad as ag, importlib, einops; importlib.reload(einops); {EINOPS}",
        f"import anygrad as ag; import einx; {EINX}",
        f"import einx; import anygrad as ag; {EINX}",
        # Where the library is missing, the error is Python's own.
        "import anygrad, sys\nsys.path[:] = []\ntry:\n    import einops\nexcept ModuleNotFoundError as e:\n"
        "    assert e.name == 'einops'\nelse:\n    raise SystemExit('found')",
        "import sys\nsys.modules['einops'] = None\nimport anygrad",
        # A version that has no such class any more is imported all the same, with a warning.
        "import anygrad, sys, types, warnings\nsys.modules['einops._backends'] = types.ModuleType('x')\n"
        "from anygrad import arrivals\nwith warnings.catch_warnings(record=True) as seen:\n"
        "    warnings.simplefilter('always')\n    arrivals._known_to('einops')\n"
        "assert 'cannot be told of' in str(seen[-1].message)",
    ],
)
def test_libraries_know_tensors_whichever_is_imported_first(program: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


def test_nothing_is_imported_for_it() -> None:
    program = "import anygrad, sys; assert not {'einops', 'einx', 'array_api_compat'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)
