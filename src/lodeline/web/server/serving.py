"""Serves the pages: processes that answer, processes that work beside them, one master that replaces what dies.

The master runs in an interpreter of its own and reads nothing. The one that asks for it may have started threads
(frames are computed on all cores), and a process with threads cannot be forked safely, as is done for each worker.
"""

from __future__ import annotations

import ctypes
import gc
import hmac
import importlib
import importlib.util
import json
import logging
import math
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from hashlib import sha256
from logging.config import dictConfig
from pathlib import Path
from typing import Any, Final, NoReturn

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from prometheus_client import multiprocess

from lodeline.errors import UserError
from lodeline.language import bilingual, text
from lodeline.web.server import configuration
from lodeline.web.server.logs import capture_python_errors, logging_settings
from lodeline.web.server.receiving import CONNECTIONS, ReceivingWorker

#: Where the pages are, unless another address is named: on this machine, for nobody else.
HOST: Final = "127.0.0.1"
#: Seconds that requests under way have to end, and that one may take.
_GRACE_S, _LONGEST_S = 4, 120
#: Seconds that an idle connection is kept open: longer than proxies keep theirs, so that it is they who close it.
_KEPT_OPEN_S: Final = 75
#: Seconds for which a thread keeps its connection to PostgreSQL.
_CONNECTION_KEPT_S: Final = 300
#: New objects between two looks for rings of dead ones (Python's own: 700). An upload makes a hundred thousand, and
#: nearly all go by themselves.
_NEW_OBJECTS: Final = 20_000
#: Seconds between two attempts to start a process that ends by itself.
_AGAIN_S: Final = 2
#: Seconds for which those beside wait at the start, and a worker for the one before it, where there are few cores.
_BESIDE_AFTER_S: Final = 2.0
_TURN_S: Final = 3.0
#: Matrices here are small: a second thread of numpy's library for them spins while it waits for the first.
_NO_SPINNING: Final = {"OPENBLAS_NUM_THREADS": "1"}
#: What the allocator of Polars (jemalloc) is told: one store of what was freed, large pieces too, kept for a while.
#: Polars gives it back after half a second (`polars/__init__.py`), and each frame asks the system for it anew, page by
#: page. Twenty seconds would save a publication twice as much, and cost the first one a tenth more memory.
_REUSED: Final = {"_RJEM_MALLOC_CONF": "narenas:1,oversize_threshold:0,dirty_decay_ms:5000"}
_JOB_WORKER: Final = "lodeline.office.worker"
_PUBLISHER: Final = "lodeline.web.publisher"
#: `python -m MODULE`, whose own faults become lines of the log too.
_AT_WORK: Final = (
    "from lodeline.web.server.logs import capture_python_errors; capture_python_errors();"
    " from {module} import main; main()"
)
#: Pages that everybody of the authority asks for, and that take the longest.
_ASKED_FIRST: Final = ("overview", "balances", "findings", "exceptions", "law")
#: Of Linux' <sys/prctl.h>: a signal for this process when its parent dies.
_PR_SET_PDEATHSIG: Final = 1

_log = logging.getLogger("lodeline.serving")


def listen(port: int, host: str = HOST) -> socket.socket:
    """A socket that listens. Raises UserError where the port is taken, or others reach it under no known name."""
    if host not in (HOST, "::1", "localhost") and not configuration.current().hosts:
        raise UserError(
            text(
                "{host} can be reached from other machines: set LODELINE_HOSTS to the names under which "
                "the portal is reached, separated by commas",
                host=host,
            )
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=512)
    except OSError as error:
        another = port + 1 if port < 65535 else 8000
        raise UserError(
            text(
                "port {port} of {host} cannot be used ({strerror}): another program has it, perhaps "
                "another `lodeline serve`. Name a free one with --port {another}",
                port=port,
                host=host,
                strerror=error.strerror,
                another=another,
            )
        ) from error


def session_key(secret: bytes) -> str:
    """The key that signs sessions, from the store's secret: all workers have the same, a restart ends no session."""
    return hmac.digest(secret, b"lodeline session key v1", sha256).hex()


#: What `prepare`, `change_tables` and `furnished` run: the last line that it writes is what they return. Where it ends
#: with _USER_ERROR, the last two are what is wrong, in English and Chinese. It ends with the process that waits for it:
#: who asks again would find it at work in the same place.
_USER_ERROR: Final = 3
#: The status with which the server ends where the portal cannot be served.
_WRONG: Final = 2
_PREPARATION: Final = """
import ctypes, gc, os, signal, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
if os.getppid() != int(sys.argv[1]):
    sys.exit("nobody waits for this any more")
gc.set_threshold(20_000, 20, 20)
import django
django.setup()
from lodeline.office.opening import change_tables, prepare
from lodeline.errors import UserError
from lodeline.store.trouble import trouble
url = os.environ["LODELINE_DATABASE"]
try:
    {work}
except UserError as spoken:
    print(spoken.en, spoken.zh, sep="\\n", file=sys.stderr)
    sys.exit(3)
except Exception as error:
    said = trouble(error)
    if said is None:
        raise
    print(*said, sep="\\n", file=sys.stderr)
    sys.exit(3)
print(said)
"""
#: Which tables are wanted: they can be too many for an argument.
_WANTED: Final = "LODELINE_TABLES_WANTED"
#: Whether nobody has an account ("" where somebody has); how many entries are of those who work in a demo.
_FIRST_RUN: Final = (
    "prepare(url); from lodeline.office.accounts.first_run import is_first_run; said = 'yes' * is_first_run(url)"
)
_LIVING: Final = "prepare(url); from lodeline.web.server.living import enliven; said = enliven(url)"
#: Tables alone: of an older program, or brought up to date.
_CHANGED: Final = f"import json; change_tables(url, **json.loads(os.environ['{_WANTED}'])); said = ''"


def prepare(store_url: str) -> str:
    """Makes the portal's tables in a process of its own, which may start threads.

    Returns "yes" where nobody has an account, else "". Raises UserError if it fails.
    """
    return _result_of(_preparation(store_url), store_url)


def change_tables(store_url: str, **wanted: object) -> None:
    """Makes tables as an older program had them, or brings them up to date (office.opening), as `prepare` does."""
    _result_of(_preparation(store_url, work=_CHANGED, **{_WANTED: json.dumps(wanted)}), store_url)


def furnished(store_url: str, *, clock: str) -> int:
    """Makes the tables of a demo, its sample accounts and what these people have done so far; publishes its answers.

    clock: where the demo's clock starts. Returns how many entries of the log are theirs. Raises UserError if it fails.
    """
    demo = {"LODELINE_DEMO": "1", "LODELINE_DEMO_CLOCK": clock}
    return int(_result_of(_preparation(store_url, work=_LIVING, **demo), store_url))


def _preparation(store_url: str, work: str = _FIRST_RUN, **environment: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _PREPARATION.format(work=work), str(os.getpid())]
    return subprocess.Popen(
        command, env=_portal(store_url) | environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )  # fmt: skip


def _result_of(done: subprocess.Popen[str], store_url: str) -> str:
    """What `prepare` returns, once it has ended."""
    said, wrong = done.communicate()
    if done.returncode == _USER_ERROR:
        en, zh = wrong.strip().split("\n")[-2:]
        raise UserError(bilingual(en, zh))
    if done.returncode < 0:
        place = store_url.rpartition("@")[2]
        raise UserError(
            text(
                "{place}: the process that makes the portal's tables was ended by signal {fact}, perhaps "
                "for want of memory (the system's log says so). Nothing is half done: run the command "
                "again",
                place=place,
                fact=-done.returncode,
            )
        )
    if done.returncode != 0:
        last = wrong.strip().rpartition("\n")[2]
        raise UserError(text("the portal's tables cannot be made: {last}", last=last))
    return said.rstrip("\n").rpartition("\n")[2]


def _portal(store_url: str) -> dict[str, str]:
    """The environment of a process of the portal."""
    # An address may hold a password, and arguments can be seen by everybody on a machine.
    return os.environ | {"LODELINE_DATABASE": store_url, "DJANGO_SETTINGS_MODULE": "lodeline.web.settings"}


def serve(store_url: str, listener: socket.socket, *, key: str) -> NoReturn:
    """Becomes the server of this store's pages on a socket that `listen` gave; ends with SIGTERM or Ctrl-C.

    key: signs sessions, unless the environment has LODELINE_SESSION_KEY.
    """
    listener.set_inheritable(True)
    environment = {"LODELINE_SESSION_KEY": key, "LODELINE_PUBLISHER": "1", **_NO_SPINNING, **_portal(store_url)}
    # Where the workers count, for one of them to add up; it must be known before the library is loaded.
    environment["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="lodeline-metrics-")
    sys.stdout.flush()
    os.execve(
        sys.executable, [sys.executable, "-m", "lodeline.web.server.serving", str(listener.fileno())], environment
    )


class _Beside:
    """Processes beside those that answer: started, watched, and ended with the server."""

    def __init__(self, what: str, module: str, count: int, *, after_s: float = 0.0) -> None:
        """after_s: seconds that they wait at the start."""
        self._what = what
        self._module = module
        self._count = count if importlib.util.find_spec(module) is not None else 0
        self._running: list[subprocess.Popen[bytes]] = []
        self._begun = time.monotonic() - _AGAIN_S + after_s
        self._libc = ctypes.CDLL(None) if sys.platform == "linux" else None

    def keep(self) -> None:
        """Starts what is missing, and says what has ended by itself."""
        ended = [one for one in self._running if one.poll() is not None]
        for one in ended:
            self._running.remove(one)
            _log.error("%s %d ended by itself; another is started", self._what, one.pid)
        if len(self._running) < self._count and time.monotonic() - self._begun >= _AGAIN_S:
            self._begun = time.monotonic()
            while len(self._running) < self._count:
                command = [sys.executable, "-c", _AT_WORK.format(module=self._module)]
                # Half of the processors, since others answer pages; on two, two threads cost nearly a tenth more.
                own = {"POLARS_MAX_THREADS": str(max(1, (os.cpu_count() or 1) // 2)), **os.environ, **_REUSED}
                # The master has no threads, so that this is safe.
                self._running.append(subprocess.Popen(command, env=own, preexec_fn=self._with_its_parent))  # noqa: PLW1509

    def _with_its_parent(self) -> None:
        """A worker does not outlive a master that was killed."""
        if self._libc is not None:
            self._libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)

    def end(self, number: signal.Signals) -> None:
        """Tells all to end. What is under way is taken again by another when its lease is over."""
        for one in self._running:
            one.send_signal(number)

    def finish(self, until: float) -> None:
        """Waits for all that were told to end, until a moment of the monotonic clock, and kills the rest."""
        while any(one.poll() is None for one in self._running) and time.monotonic() < until:
            time.sleep(0.05)
        self.end(signal.SIGKILL)

    def replace(self) -> None:
        """Ends all in good order; `keep` starts their successors."""
        self.end(signal.SIGTERM)
        self._running, self._begun = [], -float(_AGAIN_S)


class _Arbiter(Arbiter):  # type: ignore[misc]
    """The master, which also keeps the job workers and the publisher."""

    def __init__(self, app: _Server) -> None:
        chosen = configuration.current()
        self._beside = (
            # Those that answer load the program first. What was published before is current meanwhile.
            _Beside("job worker", _JOB_WORKER, chosen.job_workers, after_s=_BESIDE_AFTER_S),
            _Beside("publisher", _PUBLISHER, int(chosen.publisher), after_s=_BESIDE_AFTER_S),
        )  # fmt: skip
        self._preparing: subprocess.Popen[str] | None = _preparation(os.environ["LODELINE_DATABASE"])
        super().__init__(app)

    def manage_workers(self) -> None:
        super().manage_workers()
        if self._preparing is not None:
            # Workers load the program meanwhile, and answer when the tables are there.
            self._be_prepared(self._preparing)
            self._preparing = None
        for one in self._beside:
            one.keep()

    def _be_prepared(self, preparing: subprocess.Popen[str]) -> None:
        try:
            is_first_run = _result_of(preparing, os.environ["LODELINE_DATABASE"])
        except UserError as spoken:
            _say(spoken)
            self.stop(False)
            sys.exit(_WRONG)
        if is_first_run:
            _print_first_run()
        _mark("prepared").touch()
        _log.info("serving at %s", *self.LISTENERS)

    def reload(self) -> None:
        """SIGHUP: tables are brought up to date, then workers of the program as it is now take over."""
        try:
            prepare(os.environ["LODELINE_DATABASE"])
        except UserError as error:
            _log.error("not reloaded: %s", error.en)
            return
        for one in self._beside:
            one.replace()
        super().reload()

    def stop(self, graceful: bool = True) -> None:
        until = time.monotonic() + _GRACE_S
        for one in self._beside:
            one.end(signal.SIGTERM if graceful else signal.SIGKILL)
        super().stop(graceful)
        for one in self._beside:
            one.finish(until)


def _mark(what: str) -> Path:
    """A file by which processes of the server tell each other how far they are."""
    return Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]) / what


def _wait_for(mark: Path, until: float = math.inf) -> None:
    """Waits until a mark is set, or a moment of the monotonic clock, or the master is gone."""
    master = os.getppid()
    while not mark.exists() and time.monotonic() < until and os.getppid() == master:
        time.sleep(0.01)


def _begin(worker: Any) -> None:
    """What a worker does first."""
    del worker
    capture_python_errors()
    for number in (signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, _end_at_once)
    from lodeline.store.database import Database  # noqa: PLC0415
    from lodeline.store.opening import expect  # noqa: PLC0415

    # The server found a store before it started a worker.
    expect(os.environ["LODELINE_DATABASE"])
    Database(os.environ["LODELINE_DATABASE"]).keep_connections(_CONNECTION_KEPT_S)
    gc.set_threshold(_NEW_OBJECTS, 10, 10)
    threading.Thread(target=_preview, daemon=True).start()


def _end_at_once(*_: object) -> NoReturn:
    """Ctrl-C ends the worker where it is: what is filed enters the store whole or not at all.

    The server's own handler shuts its threads down first, and hangs when it interrupts the taking of a request.
    """
    os._exit(0)


def _end(arbiter: Arbiter, worker: Any) -> None:
    """The last that a worker does: it ends without waiting for threads that compute, which libraries would complain of
    on the error stream while Python takes itself apart."""
    del arbiter
    if worker.pid != os.getpid():
        return  # the master says it too, of a worker that is gone already
    error = sys.exc_info()[1]
    status = error.code if isinstance(error, SystemExit) else 0
    os._exit(status if isinstance(status, int) else int(status is not None))


def _preview() -> None:
    """Makes the pages that take the longest once, so that no visitor waits for what everybody asks first."""
    from django.db import Error, connections  # noqa: PLC0415
    from django.http import HttpRequest  # noqa: PLC0415

    from lodeline.office.access.actor import AUTHORITY, Actor, RoleGrant  # noqa: PLC0415
    from lodeline.web.reading import StillComputingError  # noqa: PLC0415
    from lodeline.web.urls import PAGES  # noqa: PLC0415
    from lodeline.web.visit import Visit  # noqa: PLC0415

    # Of the authority, and no person: what pages ask only for those who may see it is made too.
    actor = Actor(standings=(RoleGrant(organisation=AUTHORITY, role="analyst"),))
    named = {page.name: page for page in PAGES}
    for page in (named[name] for name in _ASKED_FIRST):
        request = HttpRequest()
        request.method, request.path, request.path_info = "GET", f"/en/{page.at}", f"/en/{page.at}"
        request.actor, request.session = actor, {}  # type: ignore[attr-defined, assignment]
        try:
            page.view(Visit(request, language="en", name=page.name, arguments={}))
        except (UserError, Error, StillComputingError):
            continue  # whoever comes will be told, or is given the entry that has come meanwhile
        except Exception:  # a fault of ours is told here, and met again by whoever opens the page
            _log.exception("a page could not be made ahead")
    connections.close_all()
    # What is loaded by now stays, and need not be looked through again and again.
    gc.collect()
    gc.freeze()


def _number(arbiter: Arbiter, worker: Any) -> None:
    """Tells a worker which it is."""
    del arbiter
    worker.app.number = worker.age


def _ended(arbiter: Arbiter, worker: Any) -> None:
    """A worker is gone: its gauges go with it, and what it counted is kept."""
    del arbiter
    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


class _Server(BaseApplication):  # type: ignore[misc]
    """Workers with threads: readings of the ledger are shared between all whom a worker answers."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        #: Which worker this is, counted from 1.
        self.number = 0
        super().__init__()

    def load_config(self) -> None:
        chosen = configuration.current()
        settings = {
            "bind": f"fd://{self._descriptor}", "worker_class": ReceivingWorker, "threads": chosen.threads,
            "workers": chosen.workers, "worker_connections": CONNECTIONS,
            "graceful_timeout": _GRACE_S, "timeout": _LONGEST_S, "keepalive": _KEPT_OPEN_S,
            "loglevel": "error", "logconfig_dict": logging_settings(), "proc_name": "lodeline",
            # Whom a request comes from is decided in one place: web.server.operations.TrustedProxy.
            "forwarded_allow_ips": "", "control_socket_disable": True,
            "post_fork": _number, "post_worker_init": _begin,
            "worker_exit": _end, "child_exit": _ended,
        }  # fmt: skip
        if Path("/dev/shm").is_dir():
            # Signs of life are written every second: not to a disk that may stand still.
            settings["worker_tmp_dir"] = "/dev/shm"
        for name, value in settings.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        # Many small questions at once are quicker on a thread each than on all threads one after the other.
        os.environ.setdefault("POLARS_MAX_THREADS", "1")
        workers = configuration.current().workers
        if 1 < self.number <= workers and (os.cpu_count() or 1) <= workers:
            # The first visitor is answered by the first that is ready, and that is later where all load at once.
            _wait_for(_mark(f"loaded-{self.number - 1}"), time.monotonic() + _TURN_S)
        # What is loaded stays: to look through it for rings of dead objects takes a fifth of the time to load it.
        gc.disable()
        # Here, in the worker, and not above: frames start threads, which do not survive the fork.
        from lodeline.web.wsgi import application  # noqa: PLC0415

        importlib.import_module("lodeline.web.urls")
        gc.enable()
        _mark(f"loaded-{self.number}").touch()
        _wait_for(_mark("prepared"))
        return application

    def run(self) -> None:
        _Arbiter(self).run()


def _print_first_run() -> None:
    """Who starts the server makes the first two registrars; the link of neither is written here."""
    command = "lodeline accounts registrar ADDRESS --name NAME"
    if configuration.current().log == "json":
        _log.warning("there is no account yet: make the first two registrars with %s", command)
    else:
        print(f"There is no account yet. Make the first two registrars: {command}")
        print(f"尚无账户。请设立首两名登记员：{command}", flush=True)


def _say(spoken: UserError) -> None:
    print(f"{spoken.en}\n{spoken.zh}", file=sys.stderr)


def main(descriptor: int) -> None:
    """Runs the master until it is told to end."""
    master = os.getpid()
    try:
        dictConfig(logging_settings())
        capture_python_errors()
        _Server(descriptor).run()
    finally:
        if os.getpid() == master:
            shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
