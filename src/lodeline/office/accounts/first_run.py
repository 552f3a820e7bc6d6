"""Before anybody has an account: the first two registrars are made on the server, by `lodeline accounts registrar`.

No page opens the first account, and no code for it stands in a log.
"""

from __future__ import annotations

from lodeline.office.models import User
from lodeline.office.router import is_prepared

#: Stores that are known to have accounts: the question is asked before every page, and its answer stays.
_SETTLED: set[str] = set()


def is_first_run(url: str) -> bool:
    """Whether the office of a store is ready and nobody has an account in it."""
    if url in _SETTLED:
        return False
    if not is_prepared(url):
        return False
    if User.objects.exists():
        _SETTLED.add(url)
        return False
    return True
