"""The OpenAPI document is valid, complete, and what the server really does."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from server.api.openapi import document
from server.api.routes import OPERATIONS
from server.problems import KINDS
from server.templating import VERSION
from tests.conftest import ROOT, ServerProcess
from tests.server.conftest import PASSWORD, bearer, settle

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def server(populated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    data = tmp_path_factory.mktemp("openapi") / "data"
    process = ServerProcess("serve", "--data", str(data))
    asyncio.run(settle(populated, data, process.store))
    process.start()
    yield process
    process.remove()


@pytest.fixture(scope="module")
def head(server: ServerProcess) -> dict[str, str]:
    form = {"username": "integrator", "password": PASSWORD}
    return bearer(httpx.post(f"{server.url}/api/v1/session", json=form).json()["token"])


schema = schemathesis.openapi.from_dict(document(OPERATIONS, "0")).exclude(
    operation_id="deleteSession"  # it would sign the other examples out
)


@schema.parametrize()
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_the_server_does_is_what_the_document_says(
    case: Any, server: ServerProcess, head: dict[str, str]
) -> None:
    # A schema cannot say that a cursor is one of ours.
    unsayable = [positive_data_acceptance] if case.operation.path.endswith("/records") else []
    case.call_and_validate(base_url=server.url, headers=head, excluded_checks=unsayable)


def test_the_document_served_is_this_one(server: ServerProcess) -> None:
    served = httpx.get(f"{server.url}/api/v1/openapi.json").json()
    made = document(OPERATIONS, VERSION)

    assert served == made


def test_every_operation_is_described() -> None:
    described = document(OPERATIONS, "0")

    operations = [operation for path in described["paths"].values() for operation in path.values()]
    assert len(operations) == len(OPERATIONS)
    assert len({operation["operationId"] for operation in operations}) == len(OPERATIONS)
    for operation in operations:
        assert operation["summary"]
    for one in OPERATIONS:
        assert set(one.problems) <= KINDS.keys()


def test_every_operation_is_in_the_documentation() -> None:
    text = (ROOT / "docs" / "api.md").read_text("utf-8")
    for operation in OPERATIONS:
        path = operation.path.replace("{code}", "<code>").replace("{id}", "<id>")
        assert f"| `{operation.method} {path}` | " in text
