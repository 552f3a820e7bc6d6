"""What is computed of a ledger is kept while it stays true: until an entry says something about goods or parties, under
the law as a whole. A law with other parameters is another law, whatever pack it has come from.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any, Final, TypeVar, cast

from lodeline.regulation.parameter import Jurisdiction
from lodeline.store.snapshot import Snapshot
from lodeline.store.store import Store

Answer = TypeVar("Answer")
#: A store's address, and the last entry about goods or parties with its root.
_Ledger = tuple[str, int, str]
#: Ledgers of which answers are kept, and answers of one ledger.
_LEDGERS: Final = 2
_ANSWERS: Final = 8
_kept: OrderedDict[_Ledger, OrderedDict[tuple[object, ...], object]] = OrderedDict()
_lock = Lock()


def kept(
    question: Callable[..., Answer], store: Store, snapshot: Snapshot, law: Jurisdiction, **arguments: Any
) -> Answer:
    """`question(store, snapshot, law, **arguments)`, computed once while it stays true; it may not look at the stamp.

    The answer is shared: nobody changes it.
    """
    ledger, key = _ledger(store, snapshot), (question, law, *sorted(arguments.items()))
    with _lock:
        answers = _kept.setdefault(ledger, OrderedDict())
        _last(_kept, ledger, _LEDGERS)
        if key in answers:
            _last(answers, key, _ANSWERS)
            return cast(Answer, answers[key])
    found = question(store, snapshot, law, **arguments)
    with _lock:
        answers[key] = found
        _last(answers, key, _ANSWERS)
    return found


def forget() -> None:
    """Lets all of them go, with the frames that they hold."""
    with _lock:
        _kept.clear()


def _ledger(store: Store, snapshot: Snapshot) -> _Ledger:
    return (store.database.url, *store.last_goods_entry(snapshot.entry + 1))


def _last(known: OrderedDict[Any, Any], key: object, most: int) -> None:
    """Makes a key the one that was asked for last, and forgets those that are more than `most`."""
    known.move_to_end(key)
    while len(known) > most:
        known.popitem(last=False)
