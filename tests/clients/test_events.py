"""The stream of events over a real connection."""

from __future__ import annotations

import http.client
import json
import time
from urllib.parse import urlsplit

from tests.clients.conftest import GRID, Service, sign_in


def connect(service: Service) -> http.client.HTTPConnection:
    place = urlsplit(service.url)
    assert place.hostname
    return http.client.HTTPConnection(place.hostname, place.port, timeout=60)


def opened(stream: http.client.HTTPConnection, token: str) -> http.client.HTTPResponse:
    stream.request("GET", "/api/v1/events", headers={"authorization": f"Bearer {token}"})
    answer = stream.getresponse()
    assert answer.status == 200
    assert answer.readline() == b"retry: 5000\n"
    return answer


def test_a_push_is_told_within_moments(service: Service) -> None:
    stream, other = connect(service), connect(service)
    answer = opened(stream, service.token)
    assert answer.getheader("content-type", "").startswith("text/event-stream")
    assert answer.getheader("content-encoding") is None

    body = {"type": "patrol", "schema": 1, "started": "2026-11-24T08:00:00Z"}
    path = f"/sync/{GRID}/patrol:01J00000000000000000EVENT1"
    head = {"authorization": f"Bearer {service.token}", "content-type": "application/json"}
    other.request("PUT", path, json.dumps(body), head)
    assert other.getresponse().status == 201

    line = b""
    while not line.startswith(b"data:"):
        line = answer.readline()
        assert line, "the stream ended"
    assert set(json.loads(line[5:])) == {GRID}
    stream.close()
    other.close()


def test_a_stream_ends_when_its_grids_change(service: Service) -> None:
    stream = connect(service)
    answer = opened(stream, sign_in(service.url, "worker3", "0123abce"))

    service.command("user", "unassign", "worker3", GRID)

    told = []
    deadline = time.monotonic() + 60
    while line := answer.readline():  # to the end of the answer
        told.append(line)
        assert time.monotonic() < deadline, told  # signs of life go on for ever
    assert told[-3:] == [b"event: session\n", b"data: {}\n", b"\n"]
    stream.close()
