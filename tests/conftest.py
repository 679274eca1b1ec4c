"""Settings of all tests."""

from __future__ import annotations

import os

from hypothesis import settings

# A busy machine is slow, not wrong. In CI the same commit always gets the same examples.
settings.register_profile("slipway", deadline=None, max_examples=60, derandomize=bool(os.environ.get("CI")))
settings.load_profile("slipway")
