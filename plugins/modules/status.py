#!/usr/bin/python
"""Documentation of slipway.vps.status, an action plugin (plugins/action/status.py)."""

from __future__ import annotations

DOCUMENTATION = r"""
module: status
short_description: What is live on a host
description:
  - Runs one shell script on the host over the bare connection, as M(ansible.builtin.raw) does, and says in words which
    release is live, what runs, who holds the lock and what the ledger remembers. Changes nothing.
author: [Slipway maintainers (@slipway-deploy)]
extends_documentation_fragment: [slipway.vps.reads_only]
"""

EXAMPLES = r"""
- name: Look
  slipway.vps.status:
"""

RETURN = r"""
slipway_status:
  description: What was found.
  type: dict
  returned: success
  contains:
    live:
      description: Number of the live release, 0 when there is none.
      type: int
      returned: success
    digest:
      description: Digest of its image.
      type: str
      returned: success
    runs_application:
      description: Whether the host is one of those that run the application.
      type: bool
      returned: success
    lines:
      description: The status, for a person.
      type: list
      elements: str
      returned: success
"""
