"""The command that serves the portal's pages."""

from __future__ import annotations

import socket
from typing import NoReturn

from lodeline.cli.app import DEFAULT_DATABASE, DEFAULT_PORT, Database, Port, app, shown, store_at
from lodeline.cli.output import console, say


@app.command()
def serve(database: Database = DEFAULT_DATABASE, port: Port = DEFAULT_PORT) -> None:
    """Serve the pages on this machine. 在本机启动门户。"""
    store_at(database).database.close()
    serve_pages(database, listen(port))


def listen(port: int) -> socket.socket:
    """A socket for the pages. Raises SpokenError where another program has the port."""
    from lodeline.web import serving  # noqa: PLC0415

    return serving.listen(port)


def serve_pages(database: str, listener: socket.socket) -> NoReturn:
    """Serves the pages of a store until stopped."""
    from lodeline.web import serving  # noqa: PLC0415

    host, port = listener.getsockname()
    address = f"http://{host}:{port}/"
    console.print(
        say(
            f"Pages of {shown(database)} at {address}\n"
            "There are no accounts yet, so only this machine is answered. Ctrl-C ends.",
            f"{shown(database)} 的页面：{address}\n尚无账户，因此仅限本机访问。按 Ctrl-C 结束。",
        ),
        markup=False,
    )
    serving.serve(database, listener)
