"""For tests alone: runs a command beside the playbook some time after a task has begun, to kill what the test is about.

Settings come from the environment: CRASH_TASK (the end of the task's name), CRASH_DELAY (seconds), CRASH_COMMAND (for
the shell; $CONTROLLER is the process of ansible-playbook), CRASH_FILE (made when the command has run).
"""

from __future__ import annotations

import os
import subprocess
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: crash
type: notification
short_description: For tests alone, runs a command some time after a task has begun
description: [The command kills the controller, a host, its engine or its connection.]
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "crash"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self.task = os.environ.get("CRASH_TASK", "")

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        if not self.task or not task.get_name().endswith(self.task):
            return
        self.task = ""
        script = f'sleep {os.environ["CRASH_DELAY"]}; {os.environ["CRASH_COMMAND"]}; touch "$CRASH_FILE"'
        subprocess.Popen(
            ["sh", "-c", script],
            env={**os.environ, "CONTROLLER": str(os.getpid())},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
