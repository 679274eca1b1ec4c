"""What the documentation of every module says that changes nothing."""

from __future__ import annotations


class ModuleDocFragment:
    """Modules that look, and tell."""

    DOCUMENTATION = r"""
attributes:
  check_mode:
    description: It changes nothing, so that check mode is the same.
    support: full
  diff_mode:
    description: It changes nothing, so there is nothing to compare.
    support: none
"""
