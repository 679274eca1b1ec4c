"""Lists what there is at the providers, what it costs, and what the inventory does not know."""

from __future__ import annotations

from typing import Any

from ansible_collections.slipway.vps.plugins.module_utils.cloud_input import PROVIDERS
from ansible_collections.slipway.vps.plugins.module_utils.cloud_model import FoundServer, of_project
from ansible_collections.slipway.vps.plugins.module_utils.problem import InputError, OperationError
from ansible_collections.slipway.vps.plugins.plugin_utils.application_action import input_failure
from ansible_collections.slipway.vps.plugins.plugin_utils.cloud_action import CloudAction

COLUMNS = ("name", "provider", "region", "size", "state", "address", "private", "USD a month", "")


class ActionModule(CloudAction):
    _VALID_ARGS = frozenset(("servers", "defaults"))

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        try:
            self.read(task_vars)
            # A server that nobody knows of may be where the inventory names none.
            self.look(also=PROVIDERS)
        except InputError as error:
            return result | input_failure(error)
        except OperationError as error:
            return result | {"failed": True, "slipway_summary": True, "msg": error.message, "log": error.log}
        own = sorted(of_project(self.found, self.project), key=lambda server: (server.name, server.id))
        prices = self._prices(own)
        known = {server.tag for server in self.wanted}
        entries = self.inventory.all_entries()
        private = {
            str(each.record.get("id")): str(each.variables.get("private_address") or "") for each in entries.values()
        }
        servers = [
            {
                **{key: value for key, value in vars(server).items() if key != "tags"},
                # Linode's listing does not tell it; the inventory does.
                "private_address": server.private_address or private.get(server.id, ""),
                "monthly": prices[server.id],
                "in_inventory": bool(known & set(server.tags)),
            }
            for server in own
        ]
        lines = table(servers) if servers else [f"no server of {self.project}"]
        missing = [each.name for each in self.wanted if not any(each.tag in server.tags for server in own)]
        if missing:
            lines.append(f"not there yet: {', '.join(missing)} (playbooks/provision.yml)")
        if self.left_out:
            lines.append(f"not asked, for want of credentials: {', '.join(self.left_out)}")
        return result | {"changed": False, "servers": servers, "missing": missing, "slipway_text": lines}

    def _prices(self, servers: list[FoundServer]) -> dict[str, float | None]:
        """What each costs a month; a provider's price list is asked for where its listing tells none."""
        silent = {server.provider for server in servers if server.monthly is None}
        lists = {name: self.provider(name).catalogue().sizes for name in silent}
        prices = {}
        for server in servers:
            offer = lists.get(server.provider, {}).get(server.size)
            prices[server.id] = offer.monthly if server.monthly is None and offer else server.monthly
        return prices


def table(servers: list[dict[str, Any]]) -> list[str]:
    """The servers as lines of a table, with what they cost together."""
    rows = [list(COLUMNS)]
    for server in servers:
        monthly = server["monthly"]
        rows.append(
            [
                *(str(server[key]) for key in ("name", "provider", "region", "size", "state")),
                server["public_address"] or "-",
                server["private_address"] or "-",
                "?" if monthly is None else f"{monthly:.2f}",
                "" if server["in_inventory"] else "not in the inventory",
            ]
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    total = sum(server["monthly"] or 0.0 for server in servers)
    return [*lines, f"{len(servers)} server{'s' if len(servers) != 1 else ''}, {total:.2f} USD a month together"]
