"""A worker as a program, `python -m lodeline.office.worker`: `lodeline serve` starts and ends it."""

from __future__ import annotations

import os
import signal
from typing import NoReturn

from lodeline.store.database import configure


def _end_at_once(*_: object) -> NoReturn:
    """There is nothing to finish: a transaction that is open is undone, and the job is taken again."""
    os._exit(0)


def main() -> NoReturn:
    """Works on the queue of the store that LODELINE_DATABASE names, until it is told to end."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end_at_once)
    os.environ["DJANGO_SETTINGS_MODULE"] = "lodeline.web.settings"
    configure()
    from lodeline.office.jobs.work import run  # noqa: PLC0415  (tables need a Django that is set up)

    run()


if __name__ == "__main__":
    main()
