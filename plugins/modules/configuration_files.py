#!/usr/bin/python
# Copyright: Slipway contributors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""Several configuration files of a host, in one round trip."""

from __future__ import annotations

DOCUMENTATION = r"""
module: configuration_files
short_description: Write several configuration files at once
version_added: 0.1.0
description:
  - Writes files that root owns, each whole or not at all, in one call where C(ansible.builtin.copy) takes two for each.
  - All files that have a validating command are validated before the first of them is written.
options:
  files:
    description: The files.
    type: list
    elements: dict
    required: true
    suboptions:
      path:
        description: Absolute path of the file. Its folder is made.
        type: path
        required: true
      content:
        description: Text of the file.
        type: str
        required: true
      mode:
        description: Octal mode of the file, as a string.
        type: str
        default: "0644"
      validate:
        description: Command that checks the new text before it counts, with C(%s) for its path.
        type: str
        default: ""
attributes:
  check_mode:
    support: full
    description: Compares; neither validates nor writes.
  diff_mode:
    support: full
    description: Shows how each file changes.
author:
  - Slipway maintainers (@slipway-deploy)
"""

EXAMPLES = r"""
- name: Configure the daemon
  slipway.vps.configuration_files:
    files:
      - path: /etc/docker/daemon.json
        content: "{{ {'debug': true} | to_nice_json }}"
        validate: dockerd --validate --config-file %s
"""

RETURN = r"""
paths:
  description: Paths of the files that were written, or would be.
  returned: success
  type: list
  elements: str
"""

import shlex
import tempfile
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.slipway.vps.plugins.module_utils.files import write_atomically


def differs(path: Path, text: str, mode: int) -> bool:
    """Whether the file is to be written."""
    return not path.is_file() or read(path) != text or path.stat().st_mode & 0o777 != mode


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


def validate(module: AnsibleModule, path: Path, text: str, command: str) -> None:
    """Runs a file's validating command on the new text; fails the module with its last line."""
    with tempfile.NamedTemporaryFile("w", dir=module.tmpdir, suffix=path.suffix, encoding="utf-8") as candidate:
        candidate.write(text)
        candidate.flush()
        words = [word.replace("%s", candidate.name) for word in shlex.split(command)]
        code, output, complaint = module.run_command(words)
    if code != 0:
        lines = (complaint.strip() or output.strip() or f"code {code}").splitlines()
        module.fail_json(msg=f"{path} would not be valid: {lines[-1].replace(candidate.name, str(path))}")


def main() -> None:
    file_options: dict[str, Any] = {
        "path": {"type": "path", "required": True},
        "content": {"type": "str", "required": True},
        "mode": {"type": "str", "default": "0644"},
        "validate": {"type": "str", "default": ""},
    }
    module = AnsibleModule(
        argument_spec={"files": {"type": "list", "elements": "dict", "required": True, "options": file_options}},
        supports_check_mode=True,
    )
    changed = []
    difference = []
    for file in module.params["files"]:
        path, mode = Path(file["path"]), int(file["mode"], 8)
        text = file["content"].rstrip("\n") + "\n"
        if differs(path, text, mode):
            changed.append((path, text, mode))
            header = str(path)
            difference.append(
                {"before": read(path), "after": text, "before_header": header, "after_header": f"{header} ({mode:04o})"}
            )
            if file["validate"] and not module.check_mode:
                validate(module, path, text, file["validate"])
    if not module.check_mode:
        try:
            for path, text, mode in changed:
                write_atomically(path, text, mode)
        except OSError as error:
            module.fail_json(msg=f"{error.filename or path} cannot be written: {error.strerror}")
    module.exit_json(changed=bool(changed), paths=[str(path) for path, _text, _mode in changed], diff=difference)


if __name__ == "__main__":
    main()
