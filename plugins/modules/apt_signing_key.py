#!/usr/bin/python
# Copyright: Slipway contributors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""A repository's signing key, kept only when its fingerprint is the expected one."""

from __future__ import annotations

DOCUMENTATION = r"""
module: apt_signing_key
short_description: Fetch an apt repository's signing key and keep it only when its fingerprint is right
version_added: 0.1.0
description:
  - Downloads an OpenPGP key to a temporary file, compares the fingerprints of all the primary keys in it with the
    expected one, and only then moves it to its place. A key that does not match leaves nothing behind.
  - A key that stands in its place with the expected fingerprint is not downloaded again.
options:
  url:
    description: Where the key is published, as https, http or file.
    type: str
    required: true
  fingerprint:
    description: Expected fingerprint of the primary key, 40 hexadecimal digits; spaces are ignored.
    type: str
    required: true
  path:
    description: Absolute path of the key file, as C(/etc/apt/keyrings/docker.asc). Its folder is made.
    type: path
    required: true
  timeout:
    description: Seconds to wait for the server that publishes the key.
    type: int
    default: 20
requirements:
  - gpg on the host
attributes:
  check_mode:
    support: full
    description: Says whether the key would be fetched; does not download it.
  diff_mode:
    support: full
    description: Shows the fingerprints before and after.
author:
  - Slipway maintainers (@slipway-deploy)
"""

EXAMPLES = r"""
- name: Trust Docker's signing key
  slipway.vps.apt_signing_key:
    url: https://download.docker.com/linux/debian/gpg
    fingerprint: 9DC8 5822 9FC7 DD38 854A  E2D8 8D81 803C 0EBF CD88
    path: /etc/apt/keyrings/docker.asc
"""

RETURN = r"""
fingerprint:
  description: Fingerprint of the key that stands in the file, or would.
  returned: success
  type: str
"""

import re
import shutil
import tempfile
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.urls import fetch_url

FINGERPRINT = re.compile(r"[0-9A-F]{40}")


def primary_fingerprints(listing: str) -> list[str]:
    """Fingerprints of the primary keys in the output of C(gpg --show-keys --with-colons) (GnuPG's doc/DETAILS)."""
    fingerprints: list[str] = []
    after_primary = False
    for line in listing.splitlines():
        fields = line.split(":")
        if fields[0] in ("pub", "sub"):
            after_primary = fields[0] == "pub"
        elif fields[0] == "fpr" and after_primary:
            fingerprints.append(fields[9])
            after_primary = False
    return fingerprints


class KeyFile:
    """The key's place on the host, and the gpg that reads it."""

    def __init__(self, module: AnsibleModule) -> None:
        self.module = module
        self.path = Path(module.params["path"])
        self.gpg = module.get_bin_path("gpg")

    def fingerprints(self, path: Path) -> list[str]:
        """Fingerprints of the primary keys in a file; none when it is no key or there is no gpg."""
        if self.gpg is None or not path.is_file():
            return []
        home = tempfile.mkdtemp(dir=self.module.tmpdir)
        command = [self.gpg, "--homedir", home, "--batch", "--quiet", "--show-keys", "--with-colons", str(path)]
        _code, listing, _complaints = self.module.run_command(command)
        return primary_fingerprints(listing)

    def download(self) -> Path:
        """The published key in a temporary file that is gone when the module ends."""
        url = self.module.params["url"]
        response, info = fetch_url(self.module, url, timeout=self.module.params["timeout"])
        if info["status"] != 200 or response is None:
            reason = info.get("msg") or f"HTTP status {info['status']}"
            self.module.fail_json(msg=f"the signing key {url} cannot be fetched: {reason}")
        with tempfile.NamedTemporaryFile(dir=self.module.tmpdir, delete=False) as handle:
            shutil.copyfileobj(response, handle)
        return Path(handle.name)

    def keep(self, downloaded: Path) -> None:
        """Move a key that was checked to its place, readable for apt's own user."""
        downloaded.chmod(0o644)
        try:
            self.path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            self.module.atomic_move(str(downloaded), str(self.path))
        except OSError as error:
            self.module.fail_json(msg=f"the signing key cannot be written: {error}")


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "url": {"type": "str", "required": True},
            "fingerprint": {"type": "str", "required": True},
            "path": {"type": "path", "required": True},
            "timeout": {"type": "int", "default": 20},
        },
        supports_check_mode=True,
    )
    expected = module.params["fingerprint"].replace(" ", "").upper()
    if not FINGERPRINT.fullmatch(expected):
        module.fail_json(msg=f"fingerprint: found {module.params['fingerprint']!r}; expected 40 hexadecimal digits")

    key = KeyFile(module)
    present = key.fingerprints(key.path)
    if present == [expected]:
        module.exit_json(changed=False, fingerprint=expected)
    header = str(key.path)
    difference = {"before": "\n".join(present), "after": expected, "before_header": header, "after_header": header}
    if module.check_mode:
        module.exit_json(changed=True, fingerprint=expected, diff=difference)
    if key.gpg is None:
        module.fail_json(msg="gpg is not installed, so the signing key's fingerprint cannot be checked")

    downloaded = key.download()
    found = key.fingerprints(downloaded)
    if found != [expected]:
        module.fail_json(
            msg=f"the signing key {module.params['url']} has another fingerprint: "
            f"expected {expected}, found {', '.join(found) or 'no OpenPGP key'}; nothing was installed"
        )
    key.keep(downloaded)
    module.exit_json(changed=True, fingerprint=expected, diff=difference)


if __name__ == "__main__":
    main()
