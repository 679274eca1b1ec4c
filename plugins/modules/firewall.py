#!/usr/bin/python
"""Documentation of slipway.vps.firewall, an action plugin (plugins/action/firewall.py)."""

from __future__ import annotations

DOCUMENTATION = r"""
module: firewall
short_description: The host's firewall, changed without a risk of being locked out
description:
  - Writes one table of nftables for IPv4 and IPv6 and a service that loads it before the network is up. Other tables,
    such as Docker's, are left alone.
  - What comes in is dropped unless it is listed; so is what Docker would forward to a port that is not listed.
    On a host that runs the application, the proxy's ports are listed; on one with data services that others use, their
    ports for each of those others.
  - A change is armed with a timer and a service that put the files of before back. The controller opens a new
    connection and confirms; when it cannot, the files of before are put back at once, or by the timer.
author: [Slipway maintainers (@slipway-deploy)]
attributes:
  check_mode:
    description: Says whether the files would change.
    support: full
  diff_mode:
    description: Shows how the files change.
    support: full
options:
  enabled:
    description: Whether there is a firewall; V(false) takes away what this action has made.
    type: bool
    default: true
  ssh_ports:
    description: Ports of SSH; empty means what C(sshd -T) says.
    type: list
    elements: int
  ssh_from:
    description: Addresses and networks that may reach SSH; empty means all.
    type: list
    elements: str
  ssh_rate:
    description: New connections to SSH a minute from one address; 0 means no limit.
    type: int
    default: 30
  rules:
    description: What else comes in; mappings with C(port), C(protocol) and C(from).
    type: list
    elements: dict
  ping:
    description: Whether a ping is answered.
    type: bool
    default: true
  log:
    description: Whether refused packets are logged.
    type: bool
    default: false
  interfaces:
    description: Interfaces of containers, whose packets may go on.
    type: list
    elements: str
  seconds:
    description: Time to confirm a change in.
    type: int
    default: 60
"""

EXAMPLES = r"""
- name: Let the monitoring server in as well
  slipway.vps.firewall:
    rules:
      - {port: 9100, from: 198.51.100.7}
"""

RETURN = r"""
armed:
  description: Whether a change was made that had to be confirmed.
  type: bool
  returned: success
taken_back:
  description: Whether a change of an earlier run, which nobody had confirmed, was put back first.
  type: bool
  returned: success
"""
