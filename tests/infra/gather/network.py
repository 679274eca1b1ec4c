"""Looks at the application's network from inside its containers, and at the application through the proxy."""

from __future__ import annotations

import contextlib
import ctypes
import http.client
import os
import socket
import ssl
import struct
import threading

CLONE_NEWNET = 0x40000000  # <linux/sched.h>
DOCKER_DNS = ("127.0.0.11", 53)
SECONDS = 3
# MySQL and PostgreSQL log each connection that does not log in, and MySQL refuses a host after 100 of them
# (max_connect_errors). That they answer is told by test_data.py and the application's own health.
NOT_TRIED = (3306, 5432)
HTTP_SECONDS = 10


def in_network_of(process, work):
    """Runs `work` in another process's network, in a thread that ends afterwards: setns(2) is a thread's own."""
    result = {}

    def enter():
        try:
            handle = os.open(f"/proc/{process}/ns/net", os.O_RDONLY)
            try:
                if ctypes.CDLL(None, use_errno=True).setns(handle, CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
            finally:
                os.close(handle)
            result["value"] = work()
        except OSError as error:
            result["value"] = {"error": str(error)}

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    return result["value"]


def resolve(name):
    """The IPv4 addresses of a name by Docker's own name server (RFC 1035); [] when it does not know it."""
    question = (
        b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0" + struct.pack(">HH", 1, 1)
    )
    query = struct.pack(">HHHHHH", 0x5157, 0x0100, 1, 0, 0, 0) + question
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(SECONDS)
        client.sendto(query, DOCKER_DNS)
        answer = client.recv(4096)
    count = struct.unpack(">H", answer[6:8])[0]
    position, addresses = 12 + len(question), []
    for _number in range(count):
        # A name ends with a pointer (two bytes) or a zero byte (section 4.1.4).
        while answer[position] not in (0,) and answer[position] < 0xC0:
            position += answer[position] + 1
        position += 2 if answer[position] >= 0xC0 else 1
        kind, _class, _life, length = struct.unpack(">HHIH", answer[position : position + 10])
        position += 10
        if kind == 1:
            addresses.append(socket.inet_ntoa(answer[position : position + 4]))
        position += length
    return sorted(addresses)


def reach(address, port):
    """'' when something accepts a connection there, else why not."""
    try:
        socket.create_connection((address, port), timeout=SECONDS).close()
    except TimeoutError:
        return f"no answer within {SECONDS} s"
    except OSError as error:
        return error.strerror or str(error) or type(error).__name__
    return ""


def look_around(container, services):
    """What one container sees of the services: {name: {addresses, error}}. `services`: ports by name, 0 for unknown."""
    given = dict(entry.replace("=", ":", 1).split(":", 1) for entry in container["HostConfig"].get("ExtraHosts") or [])

    def work():
        found = {}
        for name, port in services.items():
            try:
                addresses = [given[name]] if name in given else resolve(name)
                error = "" if addresses else "the name has no address"
            except OSError as problem:
                addresses, error = [], f"the name server does not answer: {problem}"
            if addresses and port and port not in NOT_TRIED:
                error = reach(addresses[0], port)
            found[name] = {"addresses": addresses, "error": error}
        return found

    return in_network_of(container["State"]["Pid"], work)


def request(address, port, path, host, authority=None):
    """What GET `path` is answered with. `authority` None: HTTP; '': HTTPS, any certificate; else one that it signed."""
    connection = http.client.HTTPConnection(address, port, timeout=HTTP_SECONDS)
    try:
        if authority is not None:
            connection.connect()
            connection.sock = _context(authority).wrap_socket(connection.sock, server_hostname=host)
        connection.request("GET", path, headers={"Host": host, "User-Agent": "slipway-verify"})
        response = connection.getresponse()
        body = response.read(2000).decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        said = (
            f"no answer within {HTTP_SECONDS} s"
            if isinstance(error, TimeoutError)
            else f"{type(error).__name__}: {error}"
        )
        return {"status": 0, "error": said, "headers": {}, "body": ""}
    finally:
        with contextlib.suppress(OSError):
            connection.close()
    headers = {key.lower(): value for key, value in response.getheaders()}
    return {"status": response.status, "error": "", "headers": headers, "body": body}


def _context(authority):
    context = ssl.create_default_context()
    if authority == "":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif authority != "system":
        context.load_verify_locations(cadata=authority)
    return context
