"""The stream of events over a real connection."""

from __future__ import annotations

import http.client
import json
from urllib.parse import urlsplit

from tests.clients.conftest import GRID, Service


def test_a_push_is_told_within_moments(service: Service) -> None:
    place = urlsplit(service.url)
    assert place.hostname
    assert place.port
    head = {"authorization": f"Bearer {service.token}"}
    stream = http.client.HTTPConnection(place.hostname, place.port, timeout=30)
    stream.request("GET", "/api/v1/events", headers=head)
    opened = stream.getresponse()
    assert opened.status == 200
    assert opened.getheader("content-type", "").startswith("text/event-stream")
    assert opened.getheader("content-encoding") is None
    assert opened.readline() == b"retry: 5000\n"

    other = http.client.HTTPConnection(place.hostname, place.port, timeout=30)
    body = {"type": "patrol", "schema": 1, "started": "2026-11-24T08:00:00Z"}
    path = f"/sync/{GRID}/patrol:01J00000000000000000EVENT1"
    other.request("PUT", path, json.dumps(body), {**head, "content-type": "application/json"})
    assert other.getresponse().status == 201

    line = b""
    while not line.startswith(b"data:"):
        line = opened.readline()
        assert line, "the stream ended"
    assert set(json.loads(line[5:])) == {GRID}
    stream.close()
    other.close()
