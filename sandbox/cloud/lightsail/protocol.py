"""AWS' JSON protocol 1.1 and Signature Version 4, both judged by botocore: its model of Lightsail, its signing code."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.model import OperationModel, ServiceModel, Shape
from botocore.validate import ParamValidator

from sandbox.cloud.store import identity
from sandbox.cloud.web import Answer, Call, Refusal

SERVICE = "lightsail"
TARGET = "Lightsail_20161128."
AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<date>\d{8})/(?P<region>[a-z0-9-]+)/(?P<service>[a-z]+)/"
    r"aws4_request, ?SignedHeaders=(?P<headers>[^,]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)
CLOCK_SECONDS = 300
DOCUMENTATION = "https://docs.aws.amazon.com/lightsail/2016-11-28/api-reference/"
# What the API description says of each error; all others are 400.
STATUS = {"ServiceException": 500, "InternalFailure": 500, "ServiceUnavailable": 503}


@functools.cache
def model() -> ServiceModel:
    """The published model of the service."""
    return botocore.session.get_session().get_service_model(SERVICE)


def error(kind: str, message: str, tip: str = "") -> Answer:
    """An error's body, as the protocol has it."""
    body = {"__type": kind, "code": kind, "docs": DOCUMENTATION, "message": message, "tip": tip}
    headers = {"content-type": "application/x-amz-json-1.1", "x-amzn-ErrorType": kind, "x-amzn-RequestId": identity()}
    return Answer(STATUS.get(kind, 400), body, headers)


def invalid(message: str) -> Refusal:
    """InvalidInputException: the request cannot be carried out as it is."""
    return Refusal(error("InvalidInputException", message))


def not_found(what: str) -> Refusal:
    """NotFoundException."""
    return Refusal(error("NotFoundException", f"The {what} does not exist."))


def operation_name(call: Call) -> str:
    """What a call asks for; its method and path where it does not say."""
    target = call.headers.get("x-amz-target", "")
    return target.removeprefix(TARGET) if target.startswith(TARGET) else f"{call.method} {call.path}"


def region_of(call: Call, secrets: Mapping[str, str]) -> str:
    """The region that a call is signed for. Refusal unless the signature is right."""
    found = AUTHORIZATION.fullmatch(call.headers.get("authorization", ""))
    if not found:
        raise Refusal(error("MissingAuthenticationTokenException", "Missing Authentication Token"))
    secret = secrets.get(found["key"])
    if secret is None:
        raise Refusal(error("UnrecognizedClientException", "The security token included in the request is invalid."))
    moment = call.headers.get("x-amz-date", "")
    if signature(call, found["key"], secret, found["region"], found["headers"]) != found["signature"]:
        raise Refusal(
            error(
                "InvalidSignatureException",
                "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
                "Access Key and signing method. Consult the service documentation for details.",
            )
        )
    sent = datetime.strptime(moment, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    if abs((datetime.now(UTC) - sent).total_seconds()) > CLOCK_SECONDS:
        raise Refusal(error("InvalidSignatureException", f"Signature expired: {moment} is not within five minutes"))
    if found["service"] != SERVICE:
        raise Refusal(error("InvalidSignatureException", f"Credential should be scoped to correct service: {SERVICE}"))
    return found["region"]


def signature(call: Call, key: str, secret: str, region: str, signed: str) -> str:
    """The signature that a call should carry, over its headers `signed` (names with ; between)."""
    headers = {name: call.headers.get(name, "") for name in signed.split(";")}
    url = f"https://{call.headers.get('host', '')}{call.path}" + (f"?{call.query_string}" if call.query_string else "")
    request = AWSRequest(method=call.method, url=url, data=call.body, headers=headers)
    request.context["timestamp"] = headers.get("x-amz-date", "")
    signer = SigV4Auth(Credentials(key, secret), SERVICE, region)
    wanted = signer.string_to_sign(request, signer.canonical_request(request))
    return signer.signature(wanted, request)


def arguments(call: Call) -> tuple[OperationModel, dict[str, Any]]:
    """The operation that a call asks for and its arguments, checked against the model. Refusal if they do not fit."""
    name = operation_name(call)
    if name not in model().operation_names:
        raise Refusal(error("UnknownOperationException", f"{name} is no operation of this service"))
    operation = model().operation_model(name)
    try:
        given = json.loads(call.body or b"{}")
    except ValueError:
        raise Refusal(error("SerializationException", "the body is no JSON")) from None
    if operation.input_shape:
        report = ParamValidator().validate(given, operation.input_shape)
        problems = (
            [report.generate_report()] if report.has_errors() else list(_values(operation.input_shape, given, ""))
        )
        if problems:
            raise invalid("; ".join(problems))
    return operation, given


def _values(shape: Shape, value: Any, where: str) -> Any:
    """What is wrong with texts that botocore takes as they are: enumerations and patterns."""
    if shape.type_name == "structure":
        for name, member in value.items():
            yield from _values(shape.members[name], member, f"{where}.{name}" if where else name)
    elif shape.type_name == "list":
        for member in value:
            yield from _values(shape.member, member, f"{where}.member")
    elif shape.type_name == "string":
        pattern = shape.metadata.get("pattern")
        if shape.enum and value not in shape.enum:
            yield _failed(value, where, f"Member must satisfy enum value set: [{', '.join(shape.enum)}]")
        elif pattern and not re.fullmatch(pattern, value):
            yield _failed(value, where, f"Member must satisfy regular expression pattern: {pattern}")


def _failed(value: str, where: str, constraint: str) -> str:
    return f"1 validation error detected: Value '{value}' at '{where}' failed to satisfy constraint: {constraint}"


def answer(operation: OperationModel, document: dict[str, Any]) -> Answer:
    """An answer, which has to fit the model: anything else is a fault of the stand-in's own (TypeError)."""
    if operation.output_shape:
        conform(operation.output_shape, document, operation.name)
    headers = {"content-type": "application/x-amz-json-1.1", "x-amzn-RequestId": identity()}
    return Answer(200, document, headers)


def conform(shape: Shape, value: Any, where: str) -> None:
    """TypeError that says where unless a value of an answer is what the model says."""
    kinds: dict[str, type | tuple[type, ...]] = {
        "structure": dict,
        "list": list,
        "string": str,
        "boolean": bool,
        "integer": int,
        "long": int,
        "float": (int, float),
        "double": (int, float),
        "timestamp": (int, float),
    }
    good = isinstance(value, kinds[shape.type_name]) and (shape.type_name == "boolean" or not isinstance(value, bool))
    if not good or (shape.type_name == "string" and shape.enum and value not in shape.enum):
        raise TypeError(f"{where} is {value!r}, and no {shape.type_name} of {shape.name}")
    if shape.type_name == "structure":
        for name, member in value.items():
            if name not in shape.members:
                raise TypeError(f"{where} has no {name}")
            conform(shape.members[name], member, f"{where}.{name}")
    elif shape.type_name == "list":
        for member in value:
            conform(shape.member, member, f"{where}[]")
