"""The options of the modules that write the proxy's files on a server."""

from __future__ import annotations


class ModuleDocFragment:
    """Where the files are, and which there are besides the configuration."""

    DOCUMENTATION = r"""
options:
  folder:
    description: Folder of the proxy on the host.
    type: path
    required: true
  image:
    description: Image of the proxy, which validates a configuration where its container does not run.
    type: str
    required: true
  files:
    description: Files that the configuration names, such as a certificate and its key.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Path below O(folder).
        type: str
        required: true
      content:
        description: Text of the file. It is never shown.
        type: str
        required: true
      mode:
        description: Its permissions, octal; it is root's.
        type: str
        default: "0644"
"""
