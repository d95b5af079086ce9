"""The address of a CouchDB: hosts, login, options, and what is wrong with it."""

from __future__ import annotations

import pytest

from sync.couch import parse_address


def test_what_an_address_says() -> None:
    plain = parse_address("couchdb://wangge:s%40crét@db.example.cn")
    assert plain.urls == ("http://db.example.cn:5984",)
    assert (plain.user, plain.password, plain.prefix) == ("wangge", "s@crét", "wangge-")
    assert (plain.q, plain.n, plain.threads) == (1, None, 16)
    assert plain.role == "wangge"
    assert plain.as_admin() is plain

    whole = parse_address(
        "couchdbs://a:b@n1:1,n2,[::1]:3/?prefix=dianbai-&q=2&n=3&threads=4&wide_q=8"
    )
    assert whole.urls == ("https://n1:1", "https://n2:5984", "https://[::1]:3")
    assert (whole.prefix, whole.q, whole.n, whole.threads) == ("dianbai-", 2, 3, 4)
    above = parse_address("couchdb://wangge:w@h/?admin=ad%20min:s:t").as_admin()
    assert (above.user, above.password) == ("ad min", "s:t")
    assert (whole.shards("grid-44090400400100104"), whole.shards("canonical")) == (2, 8)


@pytest.mark.parametrize(
    ("url", "wrong"),
    [
        ("couchdb://127.0.0.1:5984", "name and a password"),
        ("couchdb://admin@127.0.0.1", "name and a password"),
        ("couchdb://a:b@", "no host"),
        ("couchdb://a:b@h/path", "no path"),
        ("couchdb://a:b@h/?prefix=Ä", "prefix"),
        ("couchdb://a:b@h/?q=0", "q in"),
        ("couchdb://a:b@h/?n=many", "n in"),
        ("couchdb://a:b@h/?shards=4", "shards"),
        ("couchdb://a:b@h/?admin=alone", "name:password"),
        ("http://a:b@h/", "http"),
    ],
)
def test_what_is_wrong_is_said(url: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        parse_address(url)
