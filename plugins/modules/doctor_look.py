#!/usr/bin/python
"""Documentation of slipway.vps.doctor_look, an action plugin (plugins/action/doctor_look.py)."""

from __future__ import annotations

DOCUMENTATION = r"""
module: doctor_look
short_description: Looks whether a host can be deployed to
description:
  - Runs one shell script on the host over the bare connection, as M(ansible.builtin.raw) does, so that it works on
    a server without Python as well. The connection is a fresh one, so that a changed host key is noticed.
  - The registry's login and the certificate authority are tried from the controller through a connection that the
    server opens (C(ssh -W)). The password is never on the server.
  - Does not fail for what it finds, an unreachable host included; M(slipway.vps.doctor) puts all hosts' findings
    together.
author: [Slipway maintainers (@slipway-deploy)]
extends_documentation_fragment: [slipway.vps.reads_only]
options:
  disk_free:
    description: Least free space on the file systems of /, /var and /var/lib/docker, such as V(2g).
    type: str
    default: 2g
  inodes_free:
    description: Least percentage of free inodes on these.
    type: float
    default: 5
  memory:
    description: Least memory, such as V(400m).
    type: str
    default: 400m
  clock_skew:
    description: Difference of the clocks that is a failure.
    type: str
    default: 30s
  timeout:
    description: Time that each connection to the outside is given.
    type: str
    default: 10s
  addresses:
    description: Further addresses that lead to the host.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Look at each host
  slipway.vps.doctor_look:
    disk_free: 5g
"""

RETURN = r"""
ansible_facts:
  description: The fact C(slipway_look), with the findings and the host's addresses.
  type: dict
  returned: always
"""
