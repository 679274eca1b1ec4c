"""Reads an image's build context on the controller and has it built on the host; modules/image.py documents it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.slipway.vps.plugins.module_utils.image_name import split_tag
from ansible_collections.slipway.vps.plugins.module_utils.problem import OperationError
from ansible_collections.slipway.vps.plugins.plugin_utils.build_context import BuildContext, tag_of
from ansible_collections.slipway.vps.plugins.plugin_utils.run_identity import run_owner

MODULE = "slipway.vps.image"


class ActionModule(ActionBase):
    TRANSFERS_FILES = True

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        given = self._task.args
        context = BuildContext(Path(given["context"]).expanduser(), str(given.get("dockerfile") or "Dockerfile"))
        try:
            context.check()
            build, warning = self._build(context)
            if warning:
                self._display.warning(warning)
            answer = self._ask(task_vars, build)
            if answer.get("finished") is False and not self._task.check_mode:
                answer = self._send(context, task_vars, build)
        except OperationError as error:
            return result | {"failed": True, "msg": error.message}
        answer.pop("invocation", None)
        return result | answer | {"message": self._message(build, answer), "phase": "build"}

    def _message(self, build: dict[str, Any], answer: dict[str, Any]) -> str:
        """What a person reads of the image: under which name and digest the registry has it, and since when."""
        if answer.get("failed"):
            return str(answer.get("msg", ""))
        name = f"{build['image']}:{build['tag']}"
        if not answer.get("digest"):
            return f"{name} is to be built"
        return f"{name} is {answer['digest']}" + ("" if answer.get("changed") else ", as it was before")

    def _build(self, context: BuildContext) -> tuple[dict[str, Any], str]:
        """The build as the builder sees it, and a warning or ''. Raises OperationError."""
        given = self._task.args
        image = split_tag(str(given["image"]))[0]
        arguments = {str(name): str(value) for name, value in (given.get("arguments") or {}).items()}
        settings = {"dockerfile": context.dockerfile, "target": str(given.get("target") or ""), "arguments": arguments}
        if given.get("platform"):
            settings["platform"] = str(given["platform"])
        revision = context.revision()
        content = context.content_hash(settings)
        tag = str(given.get("tag") or "") or tag_of(revision, content)
        # A Dockerfile with `ARG VERSION` learns under which tag it is published.
        settings["arguments"] = {"VERSION": tag, **arguments}
        build = {
            "app": str(given["app"]),
            "image": image,
            "tag": tag,
            "content": content,
            "commit": revision.commit,
            "created": "" if revision.dirty else revision.time,
            **settings,
        }
        return build, revision.warning

    def _ask(self, task_vars: dict[str, Any] | None, build: dict[str, Any], **more: Any) -> dict[str, Any]:
        arguments = {**self._task.args, "build": build, "owner": run_owner(), **more}
        return self._execute_module(module_name=MODULE, module_args=arguments, task_vars=task_vars)

    def _send(self, context: BuildContext, task_vars: dict[str, Any] | None, build: dict[str, Any]) -> dict[str, Any]:
        """Sends the context and has it built. Raises OperationError."""
        folder = self._make_tmp_path()
        try:
            with tempfile.TemporaryDirectory() as local:
                archive = Path(local) / "context.tar.gz"
                context.archive(archive)
                sent = self._transfer_file(str(archive), self._connection._shell.join_path(folder, archive.name))
            self._fixup_perms2((folder, sent))
            return self._ask(task_vars, build, archive=sent)
        finally:
            self._remove_tmp_path(folder)
