#!/usr/bin/python
"""Documentation of slipway.vps.release_failure, an action plugin (plugins/action/release_failure.py)."""

from __future__ import annotations

DOCUMENTATION = r"""
module: release_failure
short_description: Ends a release that was taken back
description:
  - Fails with the first cause, on whichever host of the fleet it was, and says what has become of the release.
  - Runs on the controller and needs no connection. It is the last step of role C(release) after a failure.
author: [Slipway maintainers (@slipway-deploy)]
attributes:
  check_mode:
    description: Fails in check mode as well.
    support: full
  diff_mode:
    description: Changes nothing, so there is nothing to show.
    support: none
"""

EXAMPLES = r"""
- name: Stop here
  slipway.vps.release_failure:
"""

RETURN = r"""
msg:
  description: What has become of the release, and why.
  type: str
  returned: always
"""
