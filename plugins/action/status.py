"""Shows what is live on a host; on the first app host also how the fleet differs."""

from __future__ import annotations

from typing import Any

from ansible_collections.slipway.vps.plugins.module_utils.files import FormatError
from ansible_collections.slipway.vps.plugins.module_utils.probe import probe_script, read_probe
from ansible_collections.slipway.vps.plugins.module_utils.problem import InputError
from ansible_collections.slipway.vps.plugins.module_utils.status_text import status_lines
from ansible_collections.slipway.vps.plugins.plugin_utils.application_action import ApplicationAction, input_failure


class ActionModule(ApplicationAction):
    TRANSFERS_FILES = False

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        try:
            self.prepare(task_vars)
        except InputError as error:
            return result | input_failure(error)
        output = self._low_level_execute_command(probe_script(self.application.name))
        try:
            probe = read_probe(str(output.get("stdout", "")))
        except (FormatError, ValueError) as error:
            return result | {"failed": True, "msg": f"{self.host}: {error}"}
        record = probe.releases.get(probe.live, {})
        return result | {
            "changed": False,
            "slipway_status": {
                "live": probe.live,
                "digest": record.get("digest", ""),
                "runs_application": self.host in self.app_hosts,
                "lines": status_lines(self.application.name, probe),
            },
        }
