#!/usr/bin/python
"""Documentation of slipway.vps.plan, an action plugin (plugins/action/plan.py)."""

from __future__ import annotations

DOCUMENTATION = r"""
module: plan
short_description: One look at a host, and what is to be done to it
description:
  - Runs one shell script on the host over the bare connection, as M(ansible.builtin.raw) does, so that it works on a
    server without Python as well. The script changes nothing.
  - Compares what it found with what the inventory wants, and puts the host into the groups C(lacks_server),
    C(lacks_services) and C(lacks_release), on which later plays run. In check mode it only says what is lacking.
  - Fails when the host's system is not supported, when a data service would be restarted without the user's consent
    (C(-e restart=<service>)), or removed because the inventory no longer has it (C(-e remove=<service>)), and when
    the registry does not have the image.
author: [Slipway maintainers (@slipway-deploy)]
attributes:
  check_mode:
    description: The plan is made and shown, and the host is put into no group.
    support: full
  diff_mode:
    description: The plan names the settings that differ, and never a value.
    support: full
options:
  for:
    description:
      - What the run is for; V(build) looks at the server alone, V(rollback) at the releases; neither asks the registry.
    type: str
    choices: [deploy, build, rollback]
    default: deploy
"""

EXAMPLES = r"""
- name: Plan
  slipway.vps.plan:
"""

RETURN = r"""
slipway_lines:
  description: What will be done, in words.
  type: list
  elements: str
  returned: always
slipway_notes:
  description: What the user should know besides, such as that maintenance mode is on.
  type: list
  elements: str
  returned: always
slipway_left_alone:
  description: What is as it should be.
  type: list
  elements: str
  returned: always
ansible_facts:
  description: The fact C(slipway_plan), which the later roles read.
  type: dict
  returned: always
"""
