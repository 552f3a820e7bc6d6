"""A demo comes to life: people do what they do in its office, then the answers of the nation are published once.

What is published now is there when the first visitor comes; the server's own publisher goes on from it.
"""

from __future__ import annotations

from lodeline.office.access import clock
from lodeline.office.sample.office import work
from lodeline.service.findings.finding import findings
from lodeline.store.law import law_now
from lodeline.store.opening import open_store
from lodeline.web.publisher import publish_once


def enliven(url: str) -> int:
    """Returns how many entries of the log came of it. Nothing is done twice."""
    store = open_store(url)
    law, before = law_now(store), store.head().size
    work(store, law, lambda snapshot: findings(store, snapshot, law).rows, now=clock.now())
    publish_once(url)
    return store.head().size - before
