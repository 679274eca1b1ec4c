#!/usr/bin/python
"""Documentation of slipway.vps.baseline, an action plugin (plugins/action/baseline.py)."""

from __future__ import annotations

DOCUMENTATION = r"""
module: baseline
short_description: A server fit for the internet, without a risk of being locked out
description:
  - Makes the operator, writes the configuration files that the switches ask for, sets the kernel's settings, and
    removes what a server does not need. What a server cannot have, such as swap in a container, is said and left out.
  - Then hardens sshd, as the user of the inventory and over a new connection, so that root's login goes off only when
    that user has been proven to work. The new settings are confirmed over one more new connection; when that cannot be
    made, those of before are put back at once, or by a timer, or at the next start of the server.
author: [Slipway maintainers (@slipway-deploy)]
attributes:
  check_mode:
    description: Says what would be done.
    support: full
  diff_mode:
    description: Shows how files change.
    support: full
options:
  operator:
    description: Whether the user of the inventory, when it is not root, is made where it is missing.
    type: bool
    required: true
  operator_keys:
    description: Public keys of that user; empty means those of the user who is logged in.
    type: list
    elements: str
    required: true
  root_login:
    description: Whether root's login is left as it is.
    type: bool
    required: true
  ssh:
    description: Whether sshd is hardened.
    type: bool
    required: true
  ssh_classical_exchange:
    description: Whether clients without a post-quantum key exchange are let in as well.
    type: bool
    required: true
  ssh_options:
    description: Keywords of sshd_config(5) with their values; a null leaves one out.
    type: dict
    required: true
  upgrades:
    description: Whether security updates are installed by themselves.
    type: bool
    required: true
  upgrades_reboot:
    description: Time of day at which the server may reboot for them; empty means that it does not.
    type: str
    required: true
  time:
    description: Whether the clock is kept by a time server.
    type: bool
    required: true
  journal:
    description: Whether the journal is kept over a reboot, and bounded.
    type: bool
    required: true
  journal_size:
    description: What the journal may take of the disk.
    type: str
    required: true
  sysctl:
    description: Kernel settings.
    type: dict
    required: true
  modules:
    description: Kernel modules that are not to be loaded.
    type: list
    elements: str
    required: true
  swap:
    description: Whether a server with less than 2 GB of memory and no swap gets some.
    type: bool
    required: true
  swap_megabytes:
    description: Size of the swap file.
    type: int
    required: true
  core_dumps:
    description: Whether core dumps are left as they are.
    type: bool
    required: true
  quiet_login:
    description: Whether what is shown before a login names no system.
    type: bool
    required: true
  file_modes:
    description: Whether root's tables of jobs and sshd's settings are for root alone.
    type: bool
    required: true
  shell_timeout:
    description: Seconds after which a shell at its prompt ends; 0 means never.
    type: int
    required: true
  removed_packages:
    description: Packages that are removed.
    type: list
    elements: str
    required: true
  audit:
    description: Whether auditd, where it is installed, watches Docker's and Slipway's files.
    type: bool
    required: true
  login_settings:
    description: Settings of login.defs(5).
    type: dict
    required: true
  strict:
    description: Whether the server is set up for audits as well, at a price.
    type: bool
    required: true
  seconds:
    description: Time to confirm a change of sshd in.
    type: int
    required: true
"""

EXAMPLES = r"""
- name: Make the server fit for the internet
  ansible.builtin.include_role:
    name: slipway.vps.baseline

- name: The same, as that role calls it
  slipway.vps.baseline:
    operator: true
    operator_keys: []
    root_login: false
    ssh: true
    ssh_classical_exchange: false
    ssh_options: {PasswordAuthentication: "no"}
    upgrades: true
    upgrades_reboot: ""
    time: true
    journal: true
    journal_size: 500M
    sysctl: {net.ipv4.tcp_syncookies: 1}
    modules: [dccp]
    swap: true
    swap_megabytes: 1024
    core_dumps: false
    quiet_login: true
    file_modes: true
    shell_timeout: 900
    removed_packages: [telnetd]
    audit: true
    login_settings: {PASS_MIN_DAYS: 1}
    strict: false
    seconds: 60
"""

RETURN = r"""
actions:
  description: What was done, in words.
  type: list
  elements: str
  returned: success
slipway_skipped:
  description: What this server cannot have, and why.
  type: list
  elements: str
  returned: success
"""
