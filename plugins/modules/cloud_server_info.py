#!/usr/bin/python
"""Documentation of slipway.vps.cloud_server_info, an action plugin (plugins/action/cloud_server_info.py)."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cloud_server_info
short_description: The servers of a project at DigitalOcean, Linode and Amazon Lightsail
description:
  - Lists the servers that carry the project's tag, with their state, addresses and price, also those that the inventory
    does not name. Asks every provider for which there are credentials, on the controller.
author: [Slipway maintainers (@slipway-deploy)]
options:
  servers:
    description: The servers that the inventory names, as for M(slipway.vps.cloud_server).
    type: list
    elements: dict
  defaults:
    description: What they have in common, as for M(slipway.vps.cloud_server); C(project) is required.
    type: dict
extends_documentation_fragment: [slipway.vps.reads_only]
"""

EXAMPLES = r"""
- name: Look
  slipway.vps.cloud_server_info:
    defaults: {project: shop-production}
  register: result
"""

RETURN = r"""
servers:
  description: The servers with the project's tag.
  type: list
  elements: dict
  returned: success
  contains:
    name:
      description: The provider's name of it.
      type: str
      returned: success
    provider:
      description: Where it is.
      type: str
      returned: success
    id:
      description: The provider's number or name of it.
      type: str
      returned: success
    state:
      description: What it is doing, one of creating, running, stopped, failed.
      type: str
      returned: success
    monthly:
      description: Its price a month in US dollars; nothing where the provider tells none.
      type: float
      returned: success
    in_inventory:
      description: Whether the inventory names it.
      type: bool
      returned: success
missing:
  description: Names of servers of the inventory that are not there.
  type: list
  elements: str
  returned: success
"""
