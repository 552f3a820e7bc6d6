"""Commands for who has the server: the first registrars, and links where no mail can bring them.

No page shows such a link. Who has the database and its secret could make one anyhow, so that a second person is not
asked for here; each use is an audit record, and all registrars and auditors are notified.
"""

from __future__ import annotations

import os
from typing import Annotated, Any

import typer

from lodeline.cli import output
from lodeline.cli.app import DEFAULT_DATABASE, DEFAULT_PORT, Database, app, law_of
from lodeline.cli.output import console
from lodeline.cli.take_over.commands import office_at

commands = typer.Typer(no_args_is_help=True)
app.add_typer(commands, name="accounts", help="Make registrars and print links, on the server. 设立登记员、输出链接。")

Email = Annotated[str, typer.Argument(help="The person's own e-mail address. 本人邮箱。")]
Address = Annotated[str, typer.Option(help="Where the portal is reached, for the link. 门户地址。")]
_HERE = f"http://localhost:{DEFAULT_PORT}"


@commands.command()
def registrar(
    email: Email,
    name: Annotated[str, typer.Option(help="The person's name. 姓名。")],
    address: Address = _HERE,
    database: Database = DEFAULT_DATABASE,
) -> None:
    """Invite a registrar and print the link: the first two, or where two who could confirm are gone. 邀请登记员。"""
    store = _office(database)
    from lodeline.office.access import clock  # noqa: PLC0415
    from lodeline.office.accounts import on_server  # noqa: PLC0415

    today = clock.today(law_of(store).timezone)
    _print([on_server.registrar(email, name, today=today, now=clock.now())], address)


@commands.command()
def link(email: Email, address: Address = _HERE, database: Database = DEFAULT_DATABASE) -> None:
    """Print a new link for who was invited, or let back in. The one before ends. 输出新的邀请或重设密码链接。"""
    _office(database)
    from lodeline.office.access import clock  # noqa: PLC0415
    from lodeline.office.accounts import on_server  # noqa: PLC0415

    found = on_server.links(email, now=clock.now())
    _print(found.invited, address)
    if found.without_password is not None:
        _print_new_password(found.without_password, address)


@commands.command(name="let-back-in")
def let_back_in(email: Email, address: Address = _HERE, database: Database = DEFAULT_DATABASE) -> None:
    """Take password and second factor away and print the link for a new password. 恢复登录并输出重设密码链接。"""
    _office(database)
    from lodeline.office.access import clock  # noqa: PLC0415
    from lodeline.office.accounts import on_server  # noqa: PLC0415

    _print_new_password(on_server.let_back_in(email, now=clock.now()), address)


def _print(invited: Any, address: str) -> None:
    from lodeline.web.accounts.letters import invitation_path  # noqa: PLC0415

    for one in invited:
        until = f"{one.invitation.expires_at:%Y-%m-%d %H:%M} UTC"
        _say(output.text("For {name} alone, once, until {until}:", name=one.invitation.name, until=until))
        _say(address.rstrip("/") + invitation_path(output.text("en"), one.token))


def _print_new_password(user: Any, address: str) -> None:
    from lodeline.web.accounts.letters import new_password_path  # noqa: PLC0415

    _say(output.text("For {name} alone, once, within a day:", name=user.name))
    _say(address.rstrip("/") + new_password_path(user))


def _say(line: str) -> None:
    """A line that is not broken, so that a link can be copied."""
    console.print(line, markup=False, soft_wrap=True, highlight=False)


def _office(database: str) -> Any:
    """The store with the office's tables, and the key that signs links as the server does."""
    store = office_at(database)
    from lodeline.web.accounts.letters import sign_with  # noqa: PLC0415
    from lodeline.web.server.serving import session_key  # noqa: PLC0415

    sign_with(os.environ.get("LODELINE_SESSION_KEY") or session_key(store.secret))
    return store
