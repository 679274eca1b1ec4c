#!/usr/bin/python
# Copyright: Slipway contributors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""An application's image, built on this host and pushed to its registry."""

from __future__ import annotations

DOCUMENTATION = r"""
module: image
short_description: Build an application's image on a builder and push it
version_added: 0.1.0
description:
  - Sends the build context from the controller, without what .dockerignore names, builds it with buildx, and pushes
    it as C(<image>:<tag>) and C(<image>:latest), with the registry as its cache.
  - Leaves everything as it is when the registry has the tag with the same content already, whoever built it.
  - The tag is the short git commit of the context, with C(-dirty) where files differ from it; without git it is
    C(content-<hash>).
  - Each build is recorded in C(<state_directory>/<app>/builds.jsonl) on the builder; of the images that were built
    there, those of the last O(keep) builds stay.
options:
  app:
    description: Name of the application.
    type: str
    required: true
  image:
    description: Name of the image with its registry; a tag in it is not used.
    type: str
    required: true
  context:
    description: Folder on the controller that is built from.
    type: path
    required: true
  dockerfile:
    description: Path of the Dockerfile, relative to O(context).
    type: str
    default: Dockerfile
  target:
    description: Stage of the Dockerfile to build; empty means the last.
    type: str
    default: ""
  platform:
    description: What the image is for, as C(linux/arm64); empty means what the builder is.
    type: str
    default: ""
  arguments:
    description: Build arguments. They can be read from the image, so they are no place for a secret.
    type: dict
    default: {}
  tag:
    description: Tag to use instead of the one that git gives.
    type: str
    default: ""
  state_directory:
    description: Folder on the builder for the record of builds.
    type: path
    default: /var/lib/slipway
  keep:
    description: How many builds keep their images on the builder.
    type: int
    default: 5
  build:
    description: Set by the action plugin, the build as the builder sees it.
    type: dict
  archive:
    description: Set by the action plugin, path of the context's archive on the builder.
    type: path
  owner:
    description: Set by the action plugin, who builds.
    type: str
    default: ""
requirements:
  - docker with its buildx plugin on the builder, logged in to the registry
  - the Python library docker on the controller
attributes:
  check_mode:
    support: full
    description: Asks the registry whether it has the image; builds nothing.
  diff_mode:
    support: none
    description: Images have no diff.
author:
  - Slipway maintainers (@slipway-deploy)
"""

EXAMPLES = r"""
- name: Build the image
  slipway.vps.image:
    app: microblog
    image: registry.example.com/acme/microblog
    context: /home/acme/microblog
  register: built
"""

RETURN = r"""
tag:
  description: Tag of the image.
  returned: success
  type: str
digest:
  description: Digest of the image's manifest in the registry.
  returned: success, except in check mode where it would be built
  type: str
reference:
  description: Name of the image by its digest.
  returned: success, except in check mode where it would be built
  type: str
commit:
  description: Git commit of the context; empty without git.
  returned: success
  type: str
removed:
  description: Names of images of old builds that were taken away.
  returned: success, except in check mode
  type: list
  elements: str
finished:
  description: Whether the registry has the image. If not, the action plugin sends the context.
  returned: success
  type: bool
log:
  description: Last 20 lines of a build that failed.
  returned: failure
  type: str
"""

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.slipway.vps.plugins.module_utils.build_prune import prune_builds
from ansible_collections.slipway.vps.plugins.module_utils.image_build import (
    CONTENT_LABEL,
    Build,
    build_and_push,
    published,
    record,
    retag_latest,
)
from ansible_collections.slipway.vps.plugins.module_utils.problem import OperationError


def converge(module: AnsibleModule, build: Build) -> dict[str, Any]:
    """Makes the registry have the image, as far as this call can; returns the result. Raises OperationError."""
    result: dict[str, Any] = {"changed": False, "finished": True, "tag": build.tag, "commit": build.commit}
    archive = module.params["archive"]
    if archive:
        image = build_and_push(build, Path(archive))
        result["changed"] = True
    else:
        image = published(build.reference)
        if image is None or image.labels.get(CONTENT_LABEL) != build.content:
            return {**result, "changed": True, "finished": False}
        latest = published(build.latest)
        if latest is None or latest.digest != image.digest:
            result["changed"] = True
            if not module.check_mode:
                retag_latest(build, image.digest)
    if not module.check_mode:
        path = Path(module.params["state_directory"]) / build.app / "builds.jsonl"
        recorded = record(path, build, image.digest, module.params["owner"])
        removed = prune_builds(build, path, module.params["keep"])
        result["changed"] = result["changed"] or recorded or bool(removed)
        result["removed"] = removed
    return {**result, "digest": image.digest, "reference": f"{build.image}@{image.digest}"}


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "app": {"type": "str", "required": True},
            "image": {"type": "str", "required": True},
            "context": {"type": "path", "required": True},
            "dockerfile": {"type": "str", "default": "Dockerfile"},
            "target": {"type": "str", "default": ""},
            "platform": {"type": "str", "default": ""},
            "arguments": {"type": "dict", "default": {}},
            "tag": {"type": "str", "default": ""},
            "state_directory": {"type": "path", "default": "/var/lib/slipway"},
            "keep": {"type": "int", "default": 5},
            "build": {"type": "dict"},
            "archive": {"type": "path"},
            "owner": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    if module.params["build"] is None:
        module.fail_json(msg="this module is called by its action plugin, which reads the context on the controller")
    try:
        module.exit_json(**converge(module, Build(**module.params["build"])))
    except OperationError as error:
        module.fail_json(msg=error.message, log=error.log)


if __name__ == "__main__":
    main()
