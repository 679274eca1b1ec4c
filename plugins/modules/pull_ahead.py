#!/usr/bin/python
"""Documentation of slipway.vps.pull_ahead, an action plugin (plugins/action/pull_ahead.py)."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pull_ahead
short_description: Pull the images of the application in the background
description:
  - Starts pulls of the images that the host's data services and processes need, and does not wait for them. A later
    step that needs an image joins its pull, and tells what goes wrong with it; this module never fails for it.
  - The image of the release is pulled by its digest, the others as the application names them.
  - Runs as one Python program over the bare connection, as M(ansible.builtin.raw) would.
author: [Slipway maintainers (@slipway-deploy)]
attributes:
  check_mode:
    description: In check mode nothing is done.
    support: full
  diff_mode:
    description: Images have no diff.
    support: none
"""

EXAMPLES = r"""
- name: Pull the images while the server is being set up
  slipway.vps.pull_ahead:
"""

RETURN = r"""
message:
  description: How many images are being pulled, empty when all are there.
  type: str
  returned: success
"""
