"""What makes tensors known to einx: it takes those of any array library once array_api_compat is imported.

``import anygrad`` sees to that where it is installed, whichever of the two is imported first (``arrivals``).
"""

from __future__ import annotations

import importlib
import importlib.util

if importlib.util.find_spec("array_api_compat") is not None:
    importlib.import_module("array_api_compat")
