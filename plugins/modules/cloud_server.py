#!/usr/bin/python
"""Documentation of slipway.vps.cloud_server, an action plugin (plugins/action/cloud_server.py)."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cloud_server
short_description: Servers at DigitalOcean, Linode and Amazon Lightsail
description:
  - Brings about the servers that are named, side by side, or removes some; by the providers' SDKs, on the controller.
  - A server is found by the tag C(slipway:<project>:<name>), which stands in the request that creates it, so that none
    is ordered twice, whatever was cut off.
  - The SSH host key of a new server is made on the controller and given to it as user data; C(known_hosts) beside the
    inventory has it before the server is ordered. C(hosts/<provider>.yml) there names the servers.
  - What cannot be changed on a server (region, image; its size without O(resize)) is refused when it differs.
  - Credentials and endpoints are variables of role C(slipway.vps.servers).
author: [Slipway maintainers (@slipway-deploy)]
options:
  state:
    description: V(present) brings about O(servers); V(absent) removes O(names).
    type: str
    choices: [present, absent]
    default: present
  servers:
    description:
      - The servers. Each has C(name), C(provider) (digitalocean, linode, lightsail), and by the provider's own names
        C(region), C(size), C(image); C(groups) are the groups of the inventory that it joins.
      - Each may have any key of O(defaults) of its own but C(project), C(firewall_ports), C(ssh_from) and C(host_keys).
    type: list
    elements: dict
  defaults:
    description:
      - What the servers have in common. C(project) is required, a word that becomes part of each tag.
      - C(ssh_keys) are public keys or files with one; by default the one beside C(ansible_ssh_private_key_file).
      - C(private_network), C(ipv6), C(firewall) are on by default, C(backups) and C(reserved_ip) off.
      - C(firewall_ports) is by default 22/tcp, 80/tcp, 443/tcp, 443/udp; C(ssh_from) limits port 22 to some networks.
      - C(tags), and C(launch_script), which root runs at the first boot.
      - C(volumes) have C(name), C(size) (GB) and C(mount) (C(/mnt/<name>)). One that holds nothing is formatted.
    type: dict
  resize:
    description: Names of servers, with commas, that may be given the wanted size, with a restart.
    type: str
    default: ""
  names:
    description: Names of servers, with commas, that V(absent) removes.
    type: str
    default: ""
  data:
    description: Those among O(names), with commas, that may go although they hold volumes with data.
    type: str
    default: ""
  recheck:
    description: Whether settings are compared again that an earlier run has already applied.
    type: bool
    default: false
attributes:
  check_mode:
    description: Asks the providers, says what would be done, and changes nothing.
    support: full
  diff_mode:
    description: Shows how the inventory's files change.
    support: full
"""

EXAMPLES = r"""
- name: Two servers
  slipway.vps.cloud_server:
    defaults:
      project: shop-production
      ssh_keys: [~/.ssh/id_ed25519.pub]
    servers:
      - name: web-1
        provider: digitalocean
        region: fra1
        size: s-2vcpu-4gb
        image: debian-13-x64
        groups: [app]

- name: One of them no more
  slipway.vps.cloud_server:
    state: absent
    defaults: {project: shop-production}
    names: web-1
"""

RETURN = r"""
plan:
  description: What is done, or would be, one line a server.
  type: list
  elements: str
  returned: success
servers:
  description: The servers that are there.
  type: list
  elements: dict
  returned: when O(state=present)
  contains:
    name:
      description: The name in the inventory.
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
    public_address:
      description: The address to reach it by.
      type: str
      returned: success
    private_address:
      description: Its address in the private network.
      type: str
      returned: success
slipway_input:
  description: The mistakes, one line each.
  type: list
  elements: str
  returned: failure
"""
