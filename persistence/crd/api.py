"""The door to the Kubernetes API: a request and its answer, within a time, or what is known where there is none."""

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import urllib3
import urllib3.exceptions
from kubernetes.client import ApiClient, Configuration

from persistence.errors import StoreUnavailable

#: How long a connection may take to be made.
_CONNECTING_S = 5.0
#: Pauses before a request is made again: the first, and the longest.
_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 1.0
_SERVER_FAULTS = range(500, 600)
#: What is said of an object that etcd does not take: by itself, and before it is asked.
_TOO_LARGE = ("request is too large", "message larger than max")
#: What is said when etcd has no room; nothing was done, nor will be.
_NO_ROOM = "database space exceeded"
#: Before anything was sent.
_NOT_SENT = (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the server answered: the status of HTTP, and the object, or what Kubernetes says of a failure."""

    status: int
    content: dict[str, Any]

    @property
    def reason(self) -> str:
        """Return Kubernetes' word for a failure, "" without one."""
        return str(self.content.get("reason", "")) if self.content.get("kind") == "Status" else ""

    @property
    def message(self) -> str:
        """Return what the server said of a failure."""
        return str(self.content.get("message", "")) or f"status {self.status}"


class Unanswered(Exception):
    """A write may have been done, or may be done yet."""


class Deadline:
    """When a verb has to have its answer."""

    def __init__(self, wait_s: float) -> None:
        self._ends_at = time.monotonic() + wait_s
        self.pause_s = _PAUSE_S

    @property
    def left_s(self) -> float:
        """How long there is still; may be negative."""
        return self._ends_at - time.monotonic()


class Api:
    """Requests to one cluster, from any thread."""

    def __init__(self, configuration: Configuration, *, name: str) -> None:
        """Take the way to the cluster; `name` names the store in messages."""
        self.name = name
        self._configuration = configuration
        # A request that may have been done is never sent again by itself.
        configuration.retries = False
        configuration.connection_pool_maxsize = 16
        self._client = ApiClient(configuration)
        self._closed = threading.Event()

    def read(self, path: str, query: Mapping[str, str] | None = None, *, deadline: Deadline) -> Answer:
        """Return the answer to a GET, asked for again where that may help and there is time.

        Raises:
            StoreUnavailable: there was none in time.
        """
        while True:
            try:
                return self._answered("GET", path, query, None, deadline)
            except Unanswered as error:
                self.pause(deadline, error)

    def write(self, method: str, path: str, body: object, *, deadline: Deadline) -> Answer:
        """Return the answer to a request that changes something; a field that the server does not know is refused.

        Raises:
            StoreUnavailable: it was not done, and never will be.
            Unanswered: nobody knows.
        """
        strict = {"fieldValidation": "Strict"} if method != "DELETE" else None
        return self._answered(method, path, strict, body, deadline)

    def pause(self, deadline: Deadline, said: object) -> None:
        """Wait a little longer than the last time.

        Raises:
            StoreUnavailable: there is no time for that.
        """
        pause_s = deadline.pause_s
        deadline.pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
        if deadline.left_s <= pause_s:
            raise self.unavailable(said)
        self._closed.wait(pause_s)

    def close(self) -> None:
        """Close the connections, and refuse every request from now on; closing twice is not an error."""
        self._closed.set()
        self._client.rest_client.pool_manager.clear()

    def unavailable(self, said: object) -> StoreUnavailable:
        """Return that the store does not answer now, and why."""
        return StoreUnavailable(f"{self.name} does not answer now: {said}")

    def _answered(
        self, method: str, path: str, query: Mapping[str, str] | None, body: object, deadline: Deadline
    ) -> Answer:
        while True:
            if self._closed.is_set():
                raise StoreUnavailable(f"{self.name} is closed")
            try:
                answer = self._ask(method, path, query, body, deadline)
            except _NOT_SENT as error:
                self.pause(deadline, _said(error))
                continue
            except urllib3.exceptions.HTTPError as error:
                raise Unanswered(_said(error)) from error
            if answer.status in _SERVER_FAULTS:
                if _NO_ROOM in answer.message:
                    raise self.unavailable(
                        f"{answer.message}; compact and defragment the cluster's etcd, or give it more"
                    )
                raise Unanswered(answer.message)
            if answer.status != HTTPStatus.TOO_MANY_REQUESTS:
                return answer
            # Refused before it was looked at.
            self.pause(deadline, answer.message)

    def _ask(self, method: str, path: str, query: Mapping[str, str] | None, body: object, deadline: Deadline) -> Answer:
        if deadline.left_s <= 0:
            raise self.unavailable("there was no answer in time")
        headers = {"Accept": "application/json", "Content-Type": "application/json", "User-Agent": "cinderblock"}
        # Asked for each time: a token is exchanged for another one before it ends.
        bearer = self._configuration.auth_settings().get("BearerToken")
        if bearer is not None:
            headers["authorization"] = str(bearer["value"])
        left_s = max(deadline.left_s, 0.001)
        response = self._client.rest_client.pool_manager.request(
            method,
            f"{self._configuration.host}{path}" + (f"?{urlencode(query)}" if query else ""),
            body=None if body is None else json.dumps(body).encode(),
            headers=headers,
            timeout=urllib3.Timeout(connect=min(left_s, _CONNECTING_S), read=left_s),
            retries=False,
        )
        answer = Answer(status=response.status, content=_content(response.data))
        if answer.status in _SERVER_FAULTS and any(words in answer.message for words in _TOO_LARGE):
            # No fault, and nothing was done.
            return Answer(status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE, content=answer.content)
        return answer


def _content(data: bytes) -> dict[str, Any]:
    try:
        content = json.loads(data)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        # A proxy's own words, or those of a path that the server does not have.
        return {"message": data[:200].decode(errors="replace").strip()}
    return content


def _said(error: BaseException) -> str:
    """Return what an error says, without what the client's objects look like."""
    if isinstance(error, urllib3.exceptions.NewConnectionError):
        return str(error.__cause__ or error).partition("> ")[2] or str(error.__cause__ or "no connection")
    if isinstance(error, urllib3.exceptions.TimeoutError):
        return "there was no answer in time"
    if isinstance(error, urllib3.exceptions.ProtocolError):
        return "the connection has ended"
    return str(error) if isinstance(error, urllib3.exceptions.SSLError) else type(error).__name__
