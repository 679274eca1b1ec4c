#!/usr/bin/python
# Copyright: Slipway contributors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""What the server roles need to know of a Debian or Ubuntu host, in one round trip."""

from __future__ import annotations

DOCUMENTATION = r"""
module: debian_facts
short_description: Distribution, architecture, packages and kernel settings of a Debian or Ubuntu host
version_added: 0.1.0
description:
  - Reads what an installation by apt depends on, in one round trip and without starting a package manager.
  - Changes nothing, so it runs in check mode as well.
options:
  packages:
    description: Names of packages whose installed versions are wanted.
    type: list
    elements: str
    default: []
  sysctls:
    description: Names of kernel settings whose present values are wanted, as C(vm.max_map_count).
    type: list
    elements: str
    default: []
extends_documentation_fragment: [slipway.vps.reads_only]
author:
  - Slipway maintainers (@slipway-deploy)
"""

EXAMPLES = r"""
- name: Read what the host is
  slipway.vps.debian_facts:
    packages: [docker-ce, containerd.io]
    sysctls: [vm.max_map_count]
  register: host
"""

RETURN = r"""
distribution:
  description: ID of /etc/os-release, as C(debian) or C(ubuntu).
  returned: always
  type: str
version:
  description: VERSION_ID of /etc/os-release; empty where there is none.
  returned: always
  type: str
codename:
  description: VERSION_CODENAME of /etc/os-release, as C(trixie).
  returned: always
  type: str
pretty_name:
  description: PRETTY_NAME of /etc/os-release.
  returned: always
  type: str
architecture:
  description: dpkg's name of the architecture, as C(amd64); empty where there is no dpkg.
  returned: always
  type: str
packages:
  description: Installed version of each package asked for that is installed.
  returned: always
  type: dict
held:
  description: Names of the packages asked for that are on hold.
  returned: always
  type: list
  elements: str
sysctls:
  description: Present value of each kernel setting asked for that the kernel has.
  returned: always
  type: dict
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule


def parse_os_release(text: str) -> dict[str, str]:
    """The assignments of an os-release file (freedesktop.org's os-release(5)), without their quotes."""
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))
    return {key.strip(): value.strip().strip("\"'") for key, value in pairs}


def parse_packages(text: str) -> tuple[dict[str, str], list[str]]:
    """Installed versions and held names out of dpkg-query's C(name TAB version TAB wanted TAB status) lines."""
    versions: dict[str, str] = {}
    held: list[str] = []
    for line in text.splitlines():
        name, version, wanted, status = line.split("\t")
        if status == "installed":
            versions[name] = version
        if wanted == "hold":
            held.append(name)
    return versions, held


def read_sysctl(name: str) -> str | None:
    """The present value of a kernel setting; None where the kernel has none of that name."""
    path = Path("/proc/sys", *name.split("."))
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:
        return None


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "packages": {"type": "list", "elements": "str", "default": []},
            "sysctls": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    try:
        release = parse_os_release(Path("/etc/os-release").read_text(encoding="utf-8"))
    except OSError as error:
        module.fail_json(msg=f"cannot tell the distribution: {error}")

    versions: dict[str, str] = {}
    held: list[str] = []
    architecture = ""
    if module.get_bin_path("dpkg-query"):
        architecture = module.run_command(["dpkg", "--print-architecture"])[1].strip()
        if module.params["packages"]:
            shown = "${Package}\\t${Version}\\t${db:Status-Want}\\t${db:Status-Status}\\n"
            # It exits 1 when one of the packages is unknown, and still lists the others.
            _code, listing, _complaints = module.run_command(
                ["dpkg-query", "--show", f"--showformat={shown}", *module.params["packages"]]
            )
            versions, held = parse_packages(listing)

    values = {name: read_sysctl(name) for name in module.params["sysctls"]}
    module.exit_json(
        changed=False,
        distribution=release.get("ID", ""),
        version=release.get("VERSION_ID", ""),
        codename=release.get("VERSION_CODENAME", ""),
        pretty_name=release.get("PRETTY_NAME", ""),
        architecture=architecture,
        packages=versions,
        held=held,
        sysctls={name: value for name, value in values.items() if value is not None},
    )


if __name__ == "__main__":
    main()
