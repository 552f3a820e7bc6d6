"""Serves the pages on this machine, and on no other: there are no accounts yet.

The server runs in an interpreter of its own. The one that asks for it may have started threads (frames are computed on
all cores), and a process with threads cannot be forked safely, which is how the server starts its worker.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import threading
import urllib.request
from typing import Any, NoReturn

from gunicorn.app.base import BaseApplication

from lodeline.spoken import SpokenError

#: The only address that is ever listened on.
HOST = "127.0.0.1"
THREADS = 8
#: Seconds that requests under way have to end, and that one may take.
_GRACE_S, _LONGEST_S = 5, 120


def listen(port: int) -> socket.socket:
    """A socket that listens on this machine. Raises SpokenError where another program has the port."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise SpokenError(
            f"port {port} cannot be used ({error.strerror}): another program has it, perhaps another `lodeline serve`."
            f" Name a free one with --port {port + 1 if port < 65535 else 8000}",
            f"端口 {port} 无法使用（{error.strerror}）：可能已被其他程序或另一个 `lodeline serve` 占用。"
            f"请用 --port {port + 1 if port < 65535 else 8000} 另选端口",
        ) from error
    return listener


def serve(store_url: str, listener: socket.socket) -> NoReturn:
    """Becomes the server of this store's pages on a socket that `listen` gave; ends with SIGTERM or Ctrl-C."""
    listener.set_inheritable(True)
    # By the environment and not as an argument: an address may hold a password.
    environment = os.environ | {"LODELINE_DATABASE": store_url}
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable, "-m", "lodeline.web.serving", str(listener.fileno())], environment)


def _end_at_once(*_: object) -> NoReturn:
    """Ctrl-C ends the worker where it is: pages only read, so there is nothing to finish.

    The server's own handler shuts its threads down first, and hangs when it interrupts the taking of a request.
    """
    os._exit(0)


def _begin(listener: socket.socket) -> None:
    """What a worker does first."""
    for number in (signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, _end_at_once)
    threading.Thread(target=_look_round, args=(listener.getsockname()[1],), daemon=True).start()


def _look_round(port: int) -> None:
    """Opens the pages that take the longest once, so that no visitor waits for what everybody asks first."""
    for page in ("", "findings/", "balances/", "transfers/", "law/"):
        with contextlib.suppress(OSError):  # A page that fails will say so to its visitor.
            urllib.request.urlopen(f"http://{HOST}:{port}/en/{page}").close()


class _Server(BaseApplication):  # type: ignore[misc]
    """One worker with threads: readings of the ledger are shared between all who look."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        super().__init__()

    def load_config(self) -> None:
        settings = {
            "bind": f"fd://{self._descriptor}", "worker_class": "gthread", "workers": 1, "threads": THREADS,
            "graceful_timeout": _GRACE_S, "timeout": _LONGEST_S, "loglevel": "error", "proc_name": "lodeline",
            "post_worker_init": lambda worker: _begin(worker.sockets[0].sock),
        }  # fmt: skip
        for name, value in settings.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        # Here, in the worker, and not above: frames start threads, which do not survive the fork.
        from lodeline.web.wsgi import application  # noqa: PLC0415

        return application


if __name__ == "__main__":
    _Server(int(sys.argv[1])).run()
