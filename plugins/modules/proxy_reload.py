#!/usr/bin/python
# Copyright: Slipway contributors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""Load the proxy's configuration into the running proxy."""

from __future__ import annotations

DOCUMENTATION = r"""
module: proxy_reload
short_description: Reload the reverse proxy's configuration
version_added: 0.1.0
description:
  - Loads the configuration files into the running proxy, from inside its container, so that its restart policy stays
    in force.
  - Skipped when the proxy has loaded the files as they are. A reload closes idle client connections.
  - Then waits until the names of new and changed sites have their certificates, and fails with what the authority said
    when one has none in time. The proxy goes on trying.
  - A name that another authority is to certify keeps the certificate that it has until the new one is there.
options:
  folder:
    description: Folder of the proxy on the host.
    type: path
    required: true
  certificate_seconds:
    description: How long to wait for certificates, in seconds.
    type: float
    default: 60
requirements:
  - docker on the host
attributes:
  check_mode:
    support: full
    description: Says whether it would reload.
  diff_mode:
    support: none
    description: Changes no file.
author:
  - Slipway maintainers (@slipway-deploy)
"""

EXAMPLES = r"""
- name: Reload the proxy
  slipway.vps.proxy_reload:
    folder: /var/lib/slipway/proxy
    certificate_seconds: 30
"""

RETURN = r""" # """

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.slipway.vps.plugins.module_utils.problem import OperationError
from ansible_collections.slipway.vps.plugins.module_utils.proxy_host import ProxyHost
from ansible_collections.slipway.vps.plugins.module_utils.proxy_load import load


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "folder": {"type": "path", "required": True},
            "certificate_seconds": {"type": "float", "default": 60.0},
        },
        supports_check_mode=True,
    )
    proxy = ProxyHost(Path(module.params["folder"]))
    if proxy.is_loaded:
        module.exit_json(changed=False)
    if not module.check_mode:
        try:
            load(proxy, module.params["certificate_seconds"])
        except OperationError as error:
            module.fail_json(msg=error.message, log=error.log)
    module.exit_json(changed=True)


if __name__ == "__main__":
    main()
