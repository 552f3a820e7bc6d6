"""Commands for a nation that begins."""

from lodeline.cli.take_over import commands

__all__ = ["commands"]
