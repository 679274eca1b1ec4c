"""The vendors' own SDKs, whose requests go to the web application instead of a network."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import requests
from flask.testing import FlaskClient
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

ADDRESS = "https://cloud.sandbox"


def _open(client: FlaskClient, method: str, url: str, headers: Any, body: Any) -> Any:
    place = urlsplit(url)
    path = place.path + (f"?{place.query}" if place.query else "")
    given = {name: value.decode() if isinstance(value, bytes) else value for name, value in dict(headers).items()}
    given.setdefault("Host", place.netloc)
    return client.open(path, method=method, headers=given, data=body)


class Adapter(BaseAdapter):
    """Sends the requests of a `requests` session to the application."""

    def __init__(self, client: FlaskClient) -> None:
        super().__init__()
        self.client = client

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        try:
            answer = _open(self.client, str(request.method), str(request.url), request.headers, request.body)
        except ConnectionResetError as error:
            raise requests.ConnectionError(error) from error
        response = requests.Response()
        response.status_code = answer.status_code
        response.headers = CaseInsensitiveDict(answer.headers)
        response.raw = BytesIO(answer.data)
        response.url, response.request, response.reason = str(request.url), request, answer.status
        return response

    def close(self) -> None:
        """Nothing is open."""


def pydo(client: FlaskClient, token: str) -> Any:
    """DigitalOcean's SDK."""
    from azure.core.pipeline.transport import RequestsTransport
    from pydo import Client

    session = requests.Session()
    session.mount("https://", Adapter(client))
    return Client(token, endpoint=ADDRESS, transport=RequestsTransport(session=session, session_owner=False))


def linode(client: FlaskClient, token: str) -> Any:
    """Linode's SDK."""
    from linode_api4 import LinodeClient

    made = LinodeClient(token, base_url=f"{ADDRESS}/v4")
    made.session.mount("https://", Adapter(client))
    return made


class _Body:
    def __init__(self, data: bytes) -> None:
        self._data = data

    def stream(self) -> Iterator[bytes]:
        yield self._data


def lightsail(client: FlaskClient, key: str, secret: str, region: str = "eu-central-1") -> Any:
    """Amazon's SDK, for Lightsail."""
    import boto3
    from botocore.awsrequest import AWSResponse
    from botocore.config import Config

    made = boto3.session.Session().client(
        "lightsail",
        region_name=region,
        endpoint_url=ADDRESS,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        config=Config(retries={"total_max_attempts": 1}),
    )

    def send(request: Any, **_: Any) -> AWSResponse:
        answer = _open(client, request.method, request.url, request.headers, request.body)
        return AWSResponse(request.url, answer.status_code, CaseInsensitiveDict(answer.headers), _Body(answer.data))

    made.meta.events.register("before-send.lightsail", send)
    return made
