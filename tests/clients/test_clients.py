"""Stock CouchDB clients, unchanged, on ``/sync/<grid>`` of a running server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ibm_cloud_sdk_core import ApiException
from ibm_cloud_sdk_core.authenticators import BearerTokenAuthenticator
from ibmcloudant import ChangesFollower
from ibmcloudant.cloudant_v1 import BulkDocs, BulkGetQueryDocument, CloudantV1, Document

from tests.clients.conftest import GRID, Service

pytestmark = pytest.mark.server


@pytest.mark.node
def test_pouchdb_syncs_two_devices(run_client: Callable[[str], Any], service: Service) -> None:
    seen = run_client("pouchdb_client.mjs")

    assert seen["pulled"] > 100
    # Of three documents one is refused, by name and with a reason; the others go on.
    assert seen["pushed"] == {"ok": True, "failures": 1, "written": 2}
    (row,) = seen["denied"]
    assert (row["id"], row["code"], row["field"]) == (
        "resident:01J0000000000000000000000B",
        "invalid",
        "name",
    )
    assert seen["second"] == {"ok": True, "failures": 0}
    assert seen["merged"] == {"note": "对接系统改", "members": 8, "conflicts": []}
    assert seen["same"] is True
    assert seen["remote"] == seen["pulled"] + 1
    # What was refused is found through the API, and is not pushed again and again.
    refused = service.get(f"/api/v1/grids/{GRID}/refusals")["items"]
    assert row["quarantine"] in {item["quarantine"] for item in refused}
    assert seen["again"] == 0


@pytest.mark.node
def test_nano_works_unchanged(run_client: Callable[[str], Any]) -> None:
    seen = run_client("nano_client.mjs")

    assert seen["info"]["db_name"] == GRID
    assert seen["listed"] == seen["changes"] == seen["info"]["doc_count"]
    assert seen["unnamed"] == {"status": 403, "code": "bad-id"}
    assert seen["inserted"] is True
    assert seen["by"] == "integrator"
    assert (seen["changed"], seen["clash"]) == (True, 409)
    assert (seen["removed"], seen["gone"]) == (True, 404)
    assert seen["bulk"] == [{"error": "forbidden", "code": "bad-id"}]
    assert seen["fetched"] == ["found", "not_found"]


def test_ibmcloudant_works_unchanged(service: Service) -> None:
    client = CloudantV1(authenticator=BearerTokenAuthenticator(service.token))
    client.set_service_url(f"{service.url}/sync")
    info = client.get_database_information(db=GRID).get_result()
    rows = client.post_all_docs(db=GRID, include_docs=True).get_result()["rows"]
    assert len(rows) == info["doc_count"] > 100

    household = next(row["doc"] for row in rows if row["doc"]["type"] == "household")
    doc_id, rev = household["_id"], household["_rev"]
    plain = Document.from_dict({**household, "note": "由 ibmcloudant 修改"})
    saved = client.put_document(db=GRID, doc_id=doc_id, document=plain).get_result()
    assert saved["ok"] is True
    with pytest.raises(ApiException) as clash:
        client.put_document(db=GRID, doc_id=doc_id, document=plain)
    assert clash.value.status_code == 409

    found = client.get_document(db=GRID, doc_id=doc_id, revs=True).get_result()
    assert (found["note"], found["_rev"]) == ("由 ibmcloudant 修改", saved["rev"])
    assert found["updated"]["by"] == "integrator"
    assert found["stamps"]["note"] == found["updated"]["at"]
    assert f"{found['_revisions']['start'] - 1}-{found['_revisions']['ids'][1]}" == rev

    asked = [BulkGetQueryDocument(id=doc_id, rev=rev), BulkGetQueryDocument(id="household:none")]
    got = client.post_bulk_get(db=GRID, docs=asked).get_result()["results"]
    assert got[0]["docs"][0]["ok"]["_rev"] == rev
    assert got[1]["docs"][0]["error"]["error"] == "not_found"
    diff = client.post_revs_diff(db=GRID, document_revisions={doc_id: [saved["rev"], "9-x"]})
    assert diff.get_result()[doc_id]["missing"] == ["9-x"]

    bad = Document.from_dict({"_id": "household:01J0000000000000000000000C", "type": "household"})
    (row,) = client.post_bulk_docs(db=GRID, bulk_docs=BulkDocs(docs=[bad])).get_result()
    assert (row["error"], row["code"], row["field"]) == ("forbidden", "invalid", "address")

    seen = {change.id for change in ChangesFollower(client, db=GRID).start_one_off()}
    assert seen >= {row["id"] for row in rows}


def test_a_token_opens_its_grids_only(service: Service) -> None:
    client = CloudantV1(authenticator=BearerTokenAuthenticator(service.token))
    client.set_service_url(f"{service.url}/sync")
    assert GRID in client.get_all_dbs().get_result()
    with pytest.raises(ApiException) as absent:
        client.get_database_information(db="440999")
    assert absent.value.status_code == 404
    stranger = CloudantV1(authenticator=BearerTokenAuthenticator("x" * 40))
    stranger.set_service_url(f"{service.url}/sync")
    with pytest.raises(ApiException) as unknown:
        stranger.get_database_information(db=GRID)
    assert unknown.value.status_code == 401
