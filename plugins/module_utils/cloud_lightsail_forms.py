"""Lightsail's forms of what all providers have: ports, tags, instances, errors."""

from __future__ import annotations

from typing import Any

from .cloud_calls import lost, refusal
from .cloud_model import (
    CREATING,
    FAILED,
    MISSING,
    RATE,
    RIGHTS,
    RUNNING,
    STOPPED,
    TAG,
    TEMPORARY,
    TOKEN,
    CloudError,
    FoundServer,
    WantedServer,
    resource_name,
)

TITLE = "Lightsail"
TOKEN_HELP = (
    "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, or the vault; docs/lightsail.md tells how to get them"
)
STATES = {"running": RUNNING, "stopped": STOPPED, "terminated": FAILED}
KINDS = {
    "AccessDeniedException": RIGHTS,
    "UnauthenticatedException": TOKEN,
    "UnrecognizedClientException": TOKEN,
    "InvalidClientTokenId": TOKEN,
    "InvalidSignatureException": TOKEN,
    "SignatureDoesNotMatch": TOKEN,
    "IncompleteSignature": TOKEN,
    "ExpiredTokenException": TOKEN,
    "MissingAuthenticationTokenException": TOKEN,
    "ThrottlingException": RATE,
    "TooManyRequestsException": RATE,
    "RequestLimitExceeded": RATE,
    "NotFoundException": MISSING,
    "ServiceException": TEMPORARY,
}


def port_infos(wanted: WantedServer) -> list[dict[str, Any]]:
    """What the server's own firewall lets in; without one, everything."""
    if not wanted.firewall:
        return [{"fromPort": 0, "toPort": 65535, "protocol": "all", "cidrs": ["0.0.0.0/0"], "ipv6Cidrs": ["::/0"]}]
    infos: list[dict[str, Any]] = []
    for port in wanted.firewall_ports:
        sources = wanted.ssh_from if port.number == 22 and wanted.ssh_from else ("0.0.0.0/0", "::/0")
        infos.append({"fromPort": port.number, "toPort": port.number, "protocol": port.protocol, **_cidrs(sources)})
    # ICMP: type 8 (echo request), any code.
    return [*infos, {"fromPort": 8, "toPort": -1, "protocol": "icmp", **_cidrs(("0.0.0.0/0",))}]


def _cidrs(sources: tuple[str, ...]) -> dict[str, list[str]]:
    four, six = [each for each in sources if ":" not in each], [each for each in sources if ":" in each]
    return {key: values for key, values in (("cidrs", four), ("ipv6Cidrs", six)) if values}


def opened(ports: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Open ports in a form that does not depend on their order."""
    return sorted(
        (
            each["protocol"],
            each["fromPort"],
            each["toPort"],
            *sorted(each.get("cidrs") or []),
            *(each.get("ipv6Cidrs") or []),
        )
        for each in ports
        if each.get("state", "open") == "open"
    )


def address_name(project: str, name: str) -> str:
    return f"{resource_name(project)}-{name}"


def tags_of(wanted: WantedServer) -> list[dict[str, str]]:
    return [{"key": TAG, "value": f"{wanted.project}:{wanted.name}"}, *({"key": tag} for tag in wanted.tags)]


def tag_text(tag: dict[str, str]) -> str:
    """A tag in one word, as the other providers have them: `slipway:shop:web-1`."""
    return ":".join(part for part in (tag["key"], tag.get("value")) if part)


def found_server(instance: dict[str, Any]) -> FoundServer:
    place = instance.get("location") or {}
    disks = (instance.get("hardware") or {}).get("disks") or []
    add_ons = instance.get("addOns") or []
    return FoundServer(
        provider=TITLE.lower(),
        id=f"{place.get('regionName')}/{instance['name']}",
        name=instance["name"],
        region=place.get("regionName", ""),
        size=instance.get("bundleId", ""),
        image=instance.get("blueprintId", ""),
        state=STATES.get((instance.get("state") or {}).get("name", ""), CREATING),
        tags=tuple(tag_text(tag) for tag in instance.get("tags") or ()),
        public_address=instance.get("publicIpAddress") or "",
        public_ipv6=next(iter(instance.get("ipv6Addresses") or []), ""),
        private_address=instance.get("privateIpAddress") or "",
        volumes=tuple(disk["name"] for disk in disks if not disk.get("isSystemDisk") and disk.get("name")),
        backups=any(each.get("name") == "AutoSnapshot" and each.get("status") == "Enabled" for each in add_ons),
    )


def translate(error: Exception) -> CloudError | None:
    from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, ParamValidationError

    if isinstance(error, ClientError):
        told, answer = error.response.get("Error") or {}, error.response.get("ResponseMetadata") or {}
        code, message = str(told.get("Code", "")), str(told.get("Message", ""))
        status = int(answer.get("HTTPStatusCode") or 400)
        after = (answer.get("HTTPHeaders") or {}).get("retry-after")
        words = {RIGHTS: 403, TOKEN: 401, RATE: 429, MISSING: 404, TEMPORARY: 500}
        return refusal(TITLE, words.get(KINDS.get(code, ""), status), message or code, after, TOKEN_HELP)
    if isinstance(error, ParamValidationError):
        return CloudError(f"{TITLE}: {' '.join(str(error).split())}")
    return lost(TITLE, error) if isinstance(error, (HTTPClientError, BotoCoreError)) else None
