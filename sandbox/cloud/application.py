"""The web application: three APIs on one address, told apart by their paths, and the sandbox's own pages."""

from __future__ import annotations

import contextlib
import errno
import json
import socket
import struct
from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, jsonify, request

from sandbox.cloud.clouds import Cloud
from sandbox.cloud.faults import KINDS
from sandbox.cloud.web import Answer, Call, Gate

# Where gunicorn puts a request's connection.
CONNECTION = "gunicorn.socket"
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]


def application(cloud: Cloud) -> Flask:
    """The web application of a cloud."""
    web = Flask("sandbox.cloud", static_folder=None)
    # Only a reset is raised, and the server knows what to do about it.
    web.config["PROPAGATE_EXCEPTIONS"] = True
    gate = Gate(cloud.store, cloud.journal, cloud.faults)

    @web.route("/", defaults={"path": ""}, methods=METHODS, provide_automatic_options=False)
    @web.route("/<path:path>", methods=METHODS, provide_automatic_options=False)
    def api(path: str) -> Response:
        vendor = cloud.vendor_of(request.path)
        if vendor is None:
            return _json({"error": f"no API of {request.host} has a path {request.path}"}, 404)
        call = Call(
            request.method,
            request.path,
            request.args.to_dict(),
            {name.lower(): value for name, value in request.headers.items()},
            request.get_data(),
            query_string=request.query_string.decode(),
        )
        answer = gate.pass_through(vendor, call)
        if answer.reset:
            reset_connection(request.environ)
        return response(answer)

    @web.get("/_sandbox/faults")
    def faults() -> Response:
        return jsonify(faults=cloud.faults.listed(), kinds=KINDS)

    @web.post("/_sandbox/faults")
    def add_faults() -> Response:
        try:
            asked = json.loads(request.get_data())
            for fault in asked if isinstance(asked, list) else [asked]:
                cloud.faults.add(fault)
        except (TypeError, ValueError) as error:
            return _json({"error": str(error)}, 422)
        return _json({"faults": cloud.faults.listed()}, 201)

    @web.delete("/_sandbox/faults")
    def clear_faults() -> Response:
        cloud.faults.clear()
        return Response(status=204)

    @web.get("/_sandbox/log")
    def log() -> Response:
        lines = "".join(f"{json.dumps(entry)}\n" for entry in cloud.journal.entries())
        return Response(lines, mimetype="application/x-ndjson")

    @web.delete("/_sandbox/log")
    def clear_log() -> Response:
        cloud.journal.clear()
        return Response(status=204)

    @web.get("/_sandbox/servers")
    def servers() -> Response:
        return jsonify(servers=cloud.servers())

    @web.post("/_sandbox/reset")
    def reset() -> Response:
        cloud.forget()
        return Response(status=204)

    return web


def response(answer: Answer) -> Response:
    """An answer as it goes out."""
    headers = dict(answer.headers)
    if answer.body is None:
        return Response(status=answer.status or 500, headers=headers)
    kind = headers.pop("content-type", "application/json; charset=utf-8")
    return Response(json.dumps(answer.body), answer.status, headers, content_type=kind)


def reset_connection(environment: Mapping[str, Any]) -> None:
    """Cut a request's connection without a word, as a bad network does. Raises ConnectionResetError."""
    connection = environment.get(CONNECTION)
    if connection is not None:
        with contextlib.suppress(OSError):
            # No lingering: the kernel sends a reset in place of an orderly end.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
    raise ConnectionResetError(errno.ECONNRESET, "the answer is lost, as a test asked for")


def _json(document: object, status: int) -> Response:
    return Response(json.dumps(document), status, mimetype="application/json")
