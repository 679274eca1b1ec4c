#!/usr/bin/python
"""Documentation of slipway.vps.exposure, an action plugin (plugins/action/exposure.py)."""

from __future__ import annotations

DOCUMENTATION = r"""
module: exposure
short_description: What the outside sees of a server
description:
  - Connects from the controller to all TCP ports and asks the common UDP ports of the server's addresses, and fails
    when more of them answer than the inventory says, or fewer.
  - Reads what sshd offers (one connection, no login), and looks at each site's versions of TLS, certificate, headers
    and at where plain HTTP leads.
author: [Slipway maintainers (@slipway-deploy)]
extends_documentation_fragment: [slipway.vps.reads_only]
options:
  addresses:
    description: Addresses to look at; without any, the server's public ones, and those of the inventory.
    type: list
    elements: str
    default: []
  seconds:
    description: Seconds that sshd and the sites are given to answer.
    type: float
    default: 5
  concurrency:
    description: Most connections at the same time.
    type: int
    default: 1000
  authority:
    description: PEM file of an authority that may have signed the sites' certificates besides the known ones.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Look at each server from outside
  slipway.vps.exposure:
    addresses: [203.0.113.10]
"""

RETURN = r"""
slipway_doctor:
  description: The findings by host, each with C(check), C(state) (V(ok), V(warn), V(fail)), C(found) and C(advice).
  type: dict
  returned: always
seen:
  description: All that was seen.
  type: dict
  returned: always
failures:
  description: How many checks have failed.
  type: int
  returned: always
cautions:
  description: How many are worth a look.
  type: int
  returned: always
"""
