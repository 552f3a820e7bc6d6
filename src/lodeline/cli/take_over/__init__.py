"""Commands for a nation that begins: its first accounts, and all that it takes over."""

from lodeline.cli.take_over import accounts, commands

__all__ = ["accounts", "commands"]
