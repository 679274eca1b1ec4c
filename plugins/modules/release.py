#!/usr/bin/python
"""Documentation of slipway.vps.release, an action plugin (plugins/action/release.py)."""

from __future__ import annotations

DOCUMENTATION = r"""
module: release
short_description: One phase of a release of an application on a host
description:
  - Carries out one phase of a release. Every phase may be called again at any time and finds out what is left to do.
  - A phase that has to wait shows how far it is and goes on waiting.
  - Runs as one Python program over the bare connection, as M(ansible.builtin.raw) would, so that a phase costs one
    round trip and writes nothing but the release. State lies in C(/var/lib/slipway/<application>/) in plain files.
  - Needs the plan of each host (M(slipway.vps.plan#module)), and for all phases but C(lock) the facts of that phase.
author: [Slipway maintainers (@slipway-deploy)]
attributes:
  check_mode:
    description: In check mode nothing is done; the plan shows what a release would do.
    support: full
  diff_mode:
    description: The plan shows the differences.
    support: none
options:
  phase:
    description:
      - The phase.
      - V(lock) takes the lock of the first host, which is the fleet's; V(pull) pulls the image and creates the
        containers; V(migrate) runs the migration on the first host; V(start) starts the new containers beside the old
        ones and waits until they are healthy; V(switch) sends new requests to them; V(settle) lets go of the old ones
        and writes the ledger; V(revert) takes the release back; V(unlock) gives the lock back.
      - V(revert) and V(unlock) never fail; where they could not do their work, their message says so.
    type: str
    required: true
    choices: [lock, pull, migrate, start, switch, settle, revert, unlock]
  kind:
    description: Whether a new release is made or an earlier one comes back.
    type: str
    choices: [deploy, rollback]
    default: deploy
  lock_seconds:
    description: The lock expires so many seconds after it was refreshed last, which each step does.
    type: int
    default: 300
  keep:
    description: With V(settle), how many releases stay on the host.
    type: int
    default: 5
"""

EXAMPLES = r"""
- name: Switch requests to the new release
  slipway.vps.release:
    phase: switch
"""

RETURN = r"""
phase:
  description: The phase.
  type: str
  returned: always
message:
  description: What was done, for a person.
  type: str
  returned: success
log:
  description: The last lines of the container or command that failed.
  type: str
  returned: failure
seconds:
  description: How long the phase took.
  type: float
  returned: always
"""
