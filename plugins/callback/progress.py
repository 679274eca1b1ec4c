"""What a person sees of a Slipway run: the plan, a line for each step, what failed and why.

With -v, Ansible's own output.
"""

from __future__ import annotations

DOCUMENTATION = """
name: progress
type: stdout
short_description: The plan, then a line for each phase
description:
  - Prints the plan for each host, then one line for each step that changed something or took its time, and at the end
    the release, its digest, the time and the addresses. A failure shows what failed where, the last log lines and what
    to do.
  - Plain lines alone, so that it reads the same in a terminal and in the log of a CI job.
  - With C(-v) or more the output is that of P(ansible.builtin.default#callback).
author: [Slipway maintainers (@slipway-deploy)]
extends_documentation_fragment:
  - default_callback
  - result_format_callback
requirements:
  - set as stdout_callback in ansible.cfg
"""

import sys
import threading
import time
from collections import Counter
from typing import Any

from ansible import constants as C
from ansible import context
from ansible.plugins.callback.default import CallbackModule as DefaultCallback
from ansible_collections.slipway.vps.plugins.module_utils.duration import show_duration
from ansible_collections.slipway.vps.plugins.module_utils.status_text import fleet_lines
from ansible_collections.slipway.vps.plugins.plugin_utils.doctor_table import doctor_lines
from ansible_collections.slipway.vps.plugins.plugin_utils.failure_text import failure_lines

# A task that is silent for so long gets a line that says that it still runs.
STILL_SECONDS = 15.0


class CallbackModule(DefaultCallback):
    """Prints Slipway's own lines; every method hands over to Ansible's default callback when the run is verbose."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "slipway.vps.progress"

    def __init__(self) -> None:
        super().__init__()
        self.begun = time.monotonic()
        self.task: Any = None
        self.task_name = ""
        self.task_begun = time.monotonic()
        self.results: list[tuple[str, dict[str, Any]]] = []
        self.failures: Counter[str] = Counter()
        self.release: dict[str, Any] = {}
        self.plans: dict[str, dict[str, Any]] = {}
        self.counts: Counter[str] = Counter()
        self._watch: threading.Timer | None = None

    @property
    def verbose(self) -> bool:
        return self._display.verbosity > 0

    def line(self, text: str, color: str | None = None) -> None:
        self._display.display(text, color=color)

    # --- the run ---

    def v2_playbook_on_start(self, playbook: Any) -> None:
        if self.verbose:
            super().v2_playbook_on_start(playbook)

    def v2_playbook_on_play_start(self, play: Any) -> None:
        if self.verbose:
            return super().v2_playbook_on_play_start(play)
        self._flush()
        return None

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        if self.verbose:
            return super().v2_playbook_on_task_start(task, is_conditional)
        self._flush()
        self.task, self.task_begun = task, time.monotonic()
        role = task._role.get_name().rpartition(".")[2] if task._role else ""
        self.task_name = f"{role}: {task.name}" if role and task.name else task.get_name()
        self._start_watch()
        return None

    def v2_playbook_on_handler_task_start(self, task: Any) -> None:
        if self.verbose:
            return super().v2_playbook_on_handler_task_start(task)
        return self.v2_playbook_on_task_start(task, False)

    def _start_watch(self) -> None:
        self._stop_watch()
        self._watch = threading.Timer(STILL_SECONDS, self._still)
        self._watch.daemon = True
        self._watch.start()

    def _stop_watch(self) -> None:
        if self._watch:
            self._watch.cancel()
            self._watch = None

    def _still(self) -> None:
        self.line(
            f"     {self.task_name}: still at it after {show_duration(time.monotonic() - self.task_begun)}",
            C.COLOR_VERBOSE,
        )
        self._start_watch()

    # --- results ---

    def v2_runner_on_ok(self, result: Any) -> None:
        if self.verbose:
            return super().v2_runner_on_ok(result)
        data = result.result
        host = result.host.get_name()
        if data.get("changed"):
            self.counts["changed"] += 1
        facts = data.get("ansible_facts") or {}
        if "slipway_release" in facts:
            self.release = facts["slipway_release"]
        if "slipway_plan" in facts:
            self.plans[host] = facts["slipway_plan"]
        self.results.append((host, data))
        return None

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        if self.verbose:
            return super().v2_runner_on_failed(result, ignore_errors)
        if ignore_errors:
            return None
        self._stop_watch()
        host, data = result.host.get_name(), result.result
        if "slipway_plan" in (data.get("ansible_facts") or {}):
            self._print_plan(host, data)
        if "slipway_doctor" in data:
            self._print_doctor(data)
            self.failures["doctor"] += 1
            return None
        lines = failure_lines(host, self.task_name, data)
        key = lines[0].replace(host, "")
        # A block's `rescue` says again, in its own words, what its task has said; on other hosts it is the same, too.
        core = lines[0].removeprefix(f"{host}: ")
        key = next((told for told in self.failures if core in told), key)
        self.failures[key] += 1
        if self.failures[key] == 1:
            for number, text in enumerate(lines):
                self.line(text, C.COLOR_ERROR if number == 0 else None)
        return None

    def v2_runner_on_unreachable(self, result: Any) -> None:
        if self.verbose:
            return super().v2_runner_on_unreachable(result)
        self._stop_watch()
        for number, text in enumerate(
            failure_lines(result.host.get_name(), self.task_name, {**result.result, "unreachable": True})
        ):
            self.line(text, C.COLOR_UNREACHABLE if number == 0 else None)
        return None

    def _flush(self) -> None:
        """Prints the line of the task that has just ended on all hosts."""
        self._stop_watch()
        results, self.results = self.results, []
        if not results:
            return
        planned = sorted((host, data) for host, data in results if "slipway_lines" in data)
        if planned:
            self.line("Plan", C.COLOR_HIGHLIGHT)
            for host, data in planned:
                self._print_plan(host, data)
            plans = [data["ansible_facts"]["slipway_plan"] for _host, data in planned]
            live = {p["host"]: (p["live"], p["live_digest"]) for p in plans if p["runs_application"]}
            for text in fleet_lines(live):
                self.line(f"  {text}", C.COLOR_WARN)
            return
        findings = [data for _host, data in results if "slipway_doctor" in data]
        for data in findings:
            self._print_doctor(data)
        if findings:
            return
        if any("slipway_status" in data for _host, data in results):
            self._print_status(dict(results))
            return
        texts = [text for _host, data in results for text in data.get("slipway_text") or []]
        if texts:
            for text in texts:
                self.line(text)
            return
        shown = [(host, data) for host, data in results if self._worth_a_line(data)]
        if shown:
            self.line(self._step(shown, len(results)))
        for host, data in results:
            for text in data.get("slipway_skipped") or []:
                self.line(f"  -  {host}: left out: {text}")
            if data.get("slipway_warning"):
                self.line(f"  !  {host}: {data.get('message')}", C.COLOR_WARN)

    def _worth_a_line(self, data: dict[str, Any]) -> bool:
        if data.get("slipway_quiet") or data.get("slipway_warning"):
            return False
        if data.get("phase") == "unlock":
            return False
        return bool(
            data.get("changed") or "phase" in data or data.get("slipway_show") or time.monotonic() - self.task_begun > 2
        )

    def _step(self, shown: list[tuple[str, dict[str, Any]]], count: int) -> str:
        first = shown[0][1]
        name = first.get("phase") or self.task_name
        hosts = shown[0][0] if len(shown) == 1 and count == 1 else f"{len(shown)} hosts"
        seconds = show_duration(time.monotonic() - self.task_begun)
        message = str(first.get("message") or "")
        return f"  {name:<10} {message}  ({hosts}, {seconds})" if message else f"  {name}  ({hosts}, {seconds})"

    def _print_plan(self, host: str, data: dict[str, Any]) -> None:
        lines = data.get("slipway_lines") or []
        alone = data.get("slipway_left_alone") or []
        self.line(f"  {host}" + ("" if lines else ": nothing to do"))
        for text in lines:
            self.line(f"    + {text}", C.COLOR_CHANGED)
        if lines and alone:
            self.line(f"    = left alone: {', '.join(alone)}")
        for text in data.get("slipway_notes") or []:
            self.line(f"    ! {text}", C.COLOR_WARN)

    def _print_doctor(self, data: dict[str, Any]) -> None:
        for text in doctor_lines(data["slipway_doctor"], sys.stdout.isatty()):
            self.line(text)
        failures, cautions = data["failures"], data["cautions"]
        good = "All is well." if not cautions else f"Nothing to be put right, {cautions} to have a look at."
        bad = f"{failures} to be put right, {cautions} to have a look at."
        self.line(bad if failures else good, C.COLOR_ERROR if failures else C.COLOR_OK)

    def _print_status(self, results: dict[str, dict[str, Any]]) -> None:
        states = {host: data["slipway_status"] for host, data in results.items() if "slipway_status" in data}
        for host, state in sorted(states.items()):
            self.line(host, C.COLOR_HIGHLIGHT)
            for text in state["lines"]:
                self.line(f"  {text}")
        live = {host: (state["live"], state["digest"]) for host, state in states.items() if state["runs_application"]}
        for text in fleet_lines(live):
            self.line(text, C.COLOR_WARN)

    # --- the end ---

    def v2_playbook_on_stats(self, stats: Any) -> None:
        if self.verbose:
            return super().v2_playbook_on_stats(stats)
        self._flush()
        seconds = show_duration(time.monotonic() - self.begun)
        failed = [
            host
            for host in stats.processed
            if stats.summarize(host)["failures"] or stats.summarize(host)["unreachable"]
        ]
        if failed or self.failures:
            self.line(f"Failed after {seconds}.", C.COLOR_ERROR)
        elif self.release:
            digest = str(self.release.get("digest", "")).removeprefix("sha256:")[:12]
            domains = next((plan["domains"] for plan in self.plans.values() if plan.get("domains")), [])
            back = f", back to release {self.release['of']}" if self.release.get("of") else ""
            self.line(
                f"Release {self.release['number']} is live{back}: image {digest}, {seconds}, {' '.join(domains)}",
                C.COLOR_OK,
            )
        elif self.plans:
            todo = any(plan.get("lacks") for plan in self.plans.values())
            checked = context.CLIARGS.get("check")
            idle = not todo and not self.counts["changed"]
            what = "Nothing to do." if idle else "Nothing was touched (check mode)." if checked else "Done."
            self.line(f"{what} {seconds}", C.COLOR_OK)
        else:
            self.line(f"Done in {seconds}.", C.COLOR_OK)
        return None

    # --- what Ansible says and a person need not read ---

    def v2_runner_on_skipped(self, result: Any) -> None:
        if self.verbose:
            super().v2_runner_on_skipped(result)

    def v2_playbook_on_no_hosts_matched(self) -> None:
        if self.verbose:
            super().v2_playbook_on_no_hosts_matched()

    def v2_playbook_on_no_hosts_remaining(self) -> None:
        if self.verbose:
            super().v2_playbook_on_no_hosts_remaining()

    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        if self.verbose:
            super().v2_runner_on_start(host, task)

    def v2_on_file_diff(self, result: Any) -> None:
        if self.verbose:
            super().v2_on_file_diff(result)

    def v2_runner_item_on_ok(self, result: Any) -> None:
        if self.verbose:
            super().v2_runner_item_on_ok(result)

    def v2_runner_item_on_failed(self, result: Any) -> None:
        if self.verbose:
            super().v2_runner_item_on_failed(result)

    def v2_runner_item_on_skipped(self, result: Any) -> None:
        if self.verbose:
            super().v2_runner_item_on_skipped(result)

    def v2_playbook_on_include(self, included_file: Any) -> None:
        if self.verbose:
            super().v2_playbook_on_include(included_file)

    def v2_runner_retry(self, result: Any) -> None:
        if self.verbose:
            super().v2_runner_retry(result)

    def v2_playbook_on_notify(self, handler: Any, host: Any) -> None:
        if self.verbose:
            super().v2_playbook_on_notify(handler, host)
