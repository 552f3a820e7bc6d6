"""A program hands in the records of another authority: who may, and that it was done. See service.matching.feeds."""

from __future__ import annotations

from datetime import datetime

from lodeline.filing.feed import read_feed_bytes
from lodeline.filing.feed_schema import Feed
from lodeline.office.access.actor import Actor
from lodeline.office.access.audit import record_act
from lodeline.service.entries.upload import Upload
from lodeline.service.matching.feeds import Received, day_of, receive
from lodeline.store.store import Store, StoredEntry


def submit(actor: Actor, store: Store, *, feed: Feed, name: str, content: bytes, now: datetime) -> Received:
    """Takes in one file, whole or not at all. Requires "records.write"."""
    actor.require("records.write")
    register = store.register(store.head())
    checked = read_feed_bytes(name, content, today=day_of(now), register=register, feed=feed)

    def record(entry: StoredEntry) -> None:
        record_act(actor, "feed.receive", organisation="", subject=feed, facts={"entry": entry.index})

    upload = Upload(name=name, content=content)
    return receive(store, checked, upload=upload, filed_at=now, by=actor.pseudonym, in_transaction=record)
