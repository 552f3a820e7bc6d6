"""The command that serves the portal's pages."""

from __future__ import annotations

import os
import socket
from typing import Annotated, NoReturn

import typer

from lodeline.cli import output
from lodeline.cli.app import DEFAULT_DATABASE, DEFAULT_PORT, Database, Port, app, shown, store_at
from lodeline.cli.output import console

_HOST = "127.0.0.1"


@app.command()
def serve(
    database: Database = DEFAULT_DATABASE,
    host: Annotated[
        str, typer.Option(help="Address to listen at; others than this machine's need LODELINE_HOSTS. 监听地址。")
    ] = _HOST,
    port: Port = DEFAULT_PORT,
) -> None:
    """Serve the portal until it is told to end. 启动门户。"""
    from lodeline.store.opening import create, is_behind  # noqa: PLC0415

    # As when it is told to reload: a program that was updated brings its tables up to date.
    if is_behind(database):
        create(database)
    store_at(database).database.close()
    serve_pages(database, listen(port, host))


@app.command()
def publish(
    database: Database = DEFAULT_DATABASE,
    once: Annotated[
        bool, typer.Option("--once", help="Publish the newest entry and end. 发布最新条目后结束。")
    ] = False,
    engine: Annotated[
        str | None,
        typer.Option(
            help="Where the heavy part is computed: here, processes, processes[N], or Spark as local[N], "
            "spark://HOST:PORT. 计算引擎。"
        ),
    ] = None,
) -> None:
    """Publish the reports of the nation for all processes that serve. 计算并发布全国报表。"""
    # The process ends at Ctrl-C or SIGTERM; `serve` starts one of its own.
    from lodeline.engine.running import engine_of  # noqa: PLC0415

    chosen = None if engine is None else engine_of(engine)
    # Before the store is opened: reports are questions of pages.
    os.environ.update(LODELINE_DATABASE=database, DJANGO_SETTINGS_MODULE="lodeline.web.settings")
    store_at(database).database.close()
    from lodeline.web import publisher  # noqa: PLC0415

    if not once:
        publisher.main(chosen)
        return
    stamp = publisher.publish_once(database, chosen)
    if stamp is None:
        console.print(output.text("The store is empty: nothing is published."))
    else:
        console.print(output.text("Published as of entry {entry}.", entry=stamp.entry), markup=False)


def listen(port: int, host: str = _HOST) -> socket.socket:
    """A socket for the pages. Raises UserError where another program has the port, or others could reach it."""
    from lodeline.web.server import serving  # noqa: PLC0415

    return serving.listen(port, host)


def serve_pages(database: str, listener: socket.socket) -> NoReturn:
    """Serves the pages of a store until stopped."""
    from lodeline.store.opening import assert_long_enough  # noqa: PLC0415
    from lodeline.web.server import configuration, serving  # noqa: PLC0415

    hosts = configuration.current().hosts  # what is wrong with the environment is said now
    store = store_at(database)
    assert_long_enough(store.secret.decode())
    key = serving.session_key(store.secret)
    store.database.close()
    host, port, *_ = listener.getsockname()
    # By this name and not by its number browsers let passkeys work.
    named = "localhost" if host == "127.0.0.1" else f"[{host}]" if ":" in host else host
    address = f"http://{named}:{port}/"
    if configuration.current().log == "errors":
        names = ", ".join(hosts)
        reached = output.text("Reached as ") + names if hosts else output.text("Only from this machine")
        console.print(
            output.text("Pages of {shown} at {address}", shown=shown(database), address=address), markup=False
        )
        console.print(reached + output.text(". Ctrl-C ends."), markup=False)
    serving.serve(database, listener, key=key)
