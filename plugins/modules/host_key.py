#!/usr/bin/python
"""Documentation of slipway.vps.host_key, an action plugin (plugins/action/host_key.py)."""

from __future__ import annotations

DOCUMENTATION = r"""
module: host_key
short_description: Replaces the host key that a server was given by its user data
description:
  - Makes an Ed25519 host key on the server, adds it to known_hosts, has sshd use it, connects anew with it alone, and
    only then takes the planted one out of known_hosts. Until then both are right, so that it can be cut off anywhere.
  - A server that known_hosts does not mark as planted (C(slipway:planted)) is not asked at all.
author: [Slipway maintainers (@slipway-deploy)]
options:
  known_hosts:
    description: Path of the known_hosts file on the controller.
    type: path
    required: true
  keep:
    description:
      - Whether the key is kept in C(host_keys/<host>) beside O(known_hosts), encrypted with the vault's password, and
        installed from there when it is there already.
    type: bool
    default: false
attributes:
  check_mode:
    description: Says whether the key would be replaced.
    support: full
  diff_mode:
    description: A private key is never shown.
    support: none
"""

EXAMPLES = r"""
- name: Replace the host key that came with the user data
  slipway.vps.host_key:
    known_hosts: "{{ inventory_dir }}/known_hosts"
"""

RETURN = r"""
public_key:
  description: The server's public host key.
  type: str
  returned: when it was replaced
"""
