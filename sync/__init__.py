"""Replication: revision trees, the ``DocumentStore`` port and its stores, the CouchDB wire
protocol, the gateway's rules, the follower, the canonical projection and media. May import
``grid`` and ``conflicts``.
"""
