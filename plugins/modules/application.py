#!/usr/bin/python
"""Documentation of slipway.vps.application, an action plugin (plugins/action/application.py)."""

from __future__ import annotations

DOCUMENTATION = r"""
module: application
short_description: Checks the inventory and the application, before any host is contacted
description:
  - Reads C(inventory/<env>/apps/<app>.yml) and its vault file, fills in their templates, and stops with one line for
    each mistake that names the file, the key, what was found and what was expected.
  - The application is the one that the variable C(app) names; with one application in the inventory it may be left out.
  - Runs on the controller and needs no connection.
author: [Slipway maintainers (@slipway-deploy)]
options:
  for:
    description:
      - What is to come. A deploy needs a host in the group C(app); a build needs one in C(builder) and the key
        C(build).
    type: str
    choices: [deploy, build]
    default: deploy
extends_documentation_fragment: [slipway.vps.reads_only]
options:
  for:
    description: What the run is for; V(build) needs a builder and C(build) in the application's file, and no app host.
    type: str
    choices: [deploy, build]
    default: deploy
"""

EXAMPLES = r"""
- name: Check the inventory and the application
  slipway.vps.application:
  register: result
"""

RETURN = r"""
application:
  description: The application, without its secrets.
  type: dict
  returned: success
  contains:
    name:
      description: Its name.
      type: str
      returned: success
    image:
      description: Its image, as the inventory names it.
      type: str
      returned: success
    domains:
      description: The domains of its web process.
      type: list
      elements: str
      returned: success
    port:
      description: The port of its web process, 0 when it has none.
      type: int
      returned: success
    build:
      description: How its image is built, C(context) as an absolute path; empty when it is not built here.
      type: dict
      returned: success
slipway_input:
  description: The mistakes, one line each.
  type: list
  elements: str
  returned: failure
"""
