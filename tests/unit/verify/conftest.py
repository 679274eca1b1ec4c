"""Makes the parts of tests/infra importable: they are no package of the collection, since they run outside Ansible."""

from __future__ import annotations

import sys
from pathlib import Path

INFRA = Path(__file__).parents[2] / "infra"

if str(INFRA) not in sys.path:
    sys.path.insert(0, str(INFRA))
