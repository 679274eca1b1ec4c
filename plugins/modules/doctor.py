#!/usr/bin/python
"""Documentation of slipway.vps.doctor, an action plugin (plugins/action/doctor.py)."""

from __future__ import annotations

DOCUMENTATION = r"""
module: doctor
short_description: Puts together what M(slipway.vps.doctor_look) has found on all hosts
description:
  - Adds what no host can tell alone, such as whether a domain points to another host of the application, and fails when
    a check has failed. It contacts no host.
author: [Slipway maintainers (@slipway-deploy)]
extends_documentation_fragment: [slipway.vps.reads_only]
options: {}
"""

EXAMPLES = r"""
- name: Say what was found, and what to do
  slipway.vps.doctor:
  when: inventory_hostname == ansible_play_hosts | first
"""

RETURN = r"""
slipway_doctor:
  description:
    - The findings of each host, each with C(check), C(state) (V(ok), V(warn), V(fail)), C(found) and C(advice).
  type: dict
  returned: always
failures:
  description: How many checks have failed.
  type: int
  returned: always
cautions:
  description: How many are worth a look, and no reason not to deploy.
  type: int
  returned: always
"""
