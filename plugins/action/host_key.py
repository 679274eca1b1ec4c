"""Replaces the host key that a server was given by its user data; a run that is cut off leaves the server reachable."""

from __future__ import annotations

import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from ansible.parsing.vault import VaultLib
from ansible.plugins.action import ActionBase
from ansible_collections.slipway.vps.plugins.module_utils.first_boot import HOST_KEY
from ansible_collections.slipway.vps.plugins.module_utils.known_hosts import HostKey, KnownHosts
from ansible_collections.slipway.vps.plugins.module_utils.problem import OperationError
from ansible_collections.slipway.vps.plugins.plugin_utils.ssh_settings import connection_settings, ssh_config

NEXT = f"{HOST_KEY}.next"
# sshd listens anew when it reads its keys again: for a moment it refuses connections.
RELOAD_SECONDS = 30.0
# Prints the public half of the key in use and of the next one, which is made unless an earlier run has done so.
SHOW = f"""
ssh-keygen -y -P '' -f {HOST_KEY} | cut -d' ' -f1,2
ssh-keygen -y -P '' -f {NEXT} | cut -d' ' -f1,2"""
MAKE = f"""set -eu; umask 077
[ -s {NEXT} ] && ssh-keygen -y -P '' -f {NEXT} >/dev/null 2>&1 || {{
    rm -f {NEXT} {NEXT}.pub; ssh-keygen -q -t ed25519 -N '' -C '' -f {NEXT}; }}{SHOW}"""
# The same with a key that comes by standard input.
TAKE = f"set -eu; umask 077; cat >{NEXT}; ssh-keygen -y -P '' -f {NEXT} >/dev/null{SHOW}"
# SIGHUP has sshd read its keys again; connections that are open stay.
USE = f"""set -eu
ssh-keygen -y -f {NEXT} >{NEXT}.pub; chmod 0644 {NEXT}.pub
cp -p {NEXT} {NEXT}.try; mv -f {NEXT}.try {HOST_KEY}; mv -f {NEXT}.pub {HOST_KEY}.pub
systemctl reload ssh.service 2>/dev/null || systemctl reload sshd.service"""
FORGET = f"rm -f {NEXT} {NEXT}.pub {NEXT}.try"


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _VALID_ARGS = frozenset(("known_hosts", "keep"))

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        self.host = str((task_vars or {})["inventory_hostname"])
        self.known = KnownHosts(Path(str(self._task.args["known_hosts"])).expanduser())
        planted = [key for key in self.known.keys(self.host) if key.planted]
        if not planted:
            return result | {"changed": False}
        if self._task.check_mode:
            return result | {"changed": True}
        try:
            return result | {"changed": True, "public_key": self._replace(planted[0])}
        except OperationError as error:
            return result | {"failed": True, "msg": error.message, "log": error.log}

    def _replace(self, planted: HostKey) -> str:
        """Steps of which each may be the last one: both keys are known until the new one has been seen in use."""
        kept = self._kept()
        answer = self._ask(TAKE if kept else MAKE, kept.encode() if kept else None).split("\n")
        current, coming = answer[0].strip(), answer[1].strip()
        self.known.add(self.host, coming)
        if self._task.args.get("keep") and not kept:
            self._keep(self._ask(f"cat {NEXT}"))
        if current != coming:
            self._ask(USE)
        self._see(coming, planted)
        self.known.keep(self.host, coming)
        self._ask(FORGET)
        return coming

    def _ask(self, command: str, text: bytes | None = None) -> str:
        # Without a terminal: text that is sent would come back.
        output = self._low_level_execute_command(command, in_data=text)
        if output.get("rc"):
            raise OperationError(f"{self.host}: its host key cannot be replaced", str(output.get("stderr", "")))
        # ssh's terminal ends lines in its own way, and a private key is not read with that.
        return str(output.get("stdout", "")).replace("\r\n", "\n").strip()

    def _see(self, key: str, planted: HostKey) -> None:
        """Connects anew and accepts the new key alone. Raises OperationError."""
        settings = connection_settings(self._connection) | {"control_path": "none"}
        with tempfile.TemporaryDirectory(prefix="slipway-") as folder:
            hosts, config = Path(folder) / "known_hosts", Path(folder) / "config"
            names = (str(settings["host"]), f"[{settings['host']}]:{settings['port'] or 22}", *planted.addresses)
            hosts.write_text(f"{','.join(names)} {key}\n", encoding="ascii")
            arguments = [f"-o UserKnownHostsFile={hosts}", "-o GlobalKnownHostsFile=/dev/null"]
            settings["arguments"] = [*arguments, *settings["arguments"]]
            config.write_text(ssh_config(self.host, settings), encoding="utf-8")
            command = ["ssh", "-F", str(config), "-o", "ConnectTimeout=20", self.host, "true"]
            deadline = time.monotonic() + RELOAD_SECONDS
            while True:
                answer = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
                if answer.returncode == 0 or time.monotonic() > deadline:
                    break
                time.sleep(0.5)
        if answer.returncode:
            raise OperationError(
                f"{self.host}: does not answer with its new host key; both stay in known_hosts", answer.stderr
            )

    # --- a key that is kept ---

    @property
    def _kept_file(self) -> Path:
        return self.known.path.parent / "host_keys" / self.host

    def _kept(self) -> str:
        if not self._task.args.get("keep") or not self._kept_file.is_file():
            return ""
        return self._vault().decrypt(self._kept_file.read_bytes()).decode()

    def _keep(self, private: str) -> None:
        self._kept_file.parent.mkdir(mode=0o700, exist_ok=True)
        self._kept_file.write_bytes(self._vault().encrypt(f"{private}\n"))

    def _vault(self) -> VaultLib:
        secrets = self._loader._vault.secrets
        if not secrets:
            raise OperationError(
                f"{self.host}: server_defaults.host_keys is `keep`, and the vault's password is not there:"
                " --vault-password-file <file>, or ANSIBLE_VAULT_PASSWORD_FILE"
            )
        return VaultLib(secrets)
