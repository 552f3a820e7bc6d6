"""What an operator may set, read from the environment: every value that cannot be meant is named, with its cure.

Each variable is explained in docs/reference/configuration.md. Those that belong to the store or to the command line
alone (LODELINE_DATABASE, LODELINE_SECRET, LODELINE_SNAPSHOTS, LODELINE_LANGUAGE) are read where they are used.
"""

from __future__ import annotations

import ipaddress
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal, cast, get_args

from lodeline.errors import UserError
from lodeline.language import bilingual, text

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
LogKind = Literal["json", "errors"]


class ConfigurationError(UserError):
    """Variables of the environment that cannot be meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """How the portal is served."""

    #: Processes that answer, and requests that each answers at a time.
    workers: int
    threads: int
    #: Processes that do the work that nobody waits for.
    job_workers: int
    #: Whether a process of its own computes the answers of the nation for all that answer.
    publisher: bool
    #: Names under which the portal is reached; empty: by this machine alone.
    hosts: tuple[str, ...]
    #: Whose word is taken for where a request comes from, and over what.
    trusted_proxies: tuple[Network, ...]
    #: Opens /metrics and the details of /readyz to others than this machine; empty: to nobody else.
    metrics_token: str
    #: Seconds for which a reading is given without asking whether the log has moved, and after which nobody gets it.
    reading_seconds: float
    reading_oldest_seconds: float
    #: What is written to standard output: every request, or only what went wrong.
    log: LogKind


def read(environment: Mapping[str, str]) -> Configuration:
    """The configuration in an environment. Raises ConfigurationError, which names every wrong variable."""
    asked = _Asked(environment)
    found = Configuration(
        workers=int(asked.number("LODELINE_WORKERS", 2, least=1, most=64)),
        threads=int(asked.number("LODELINE_THREADS", 8, least=1, most=256)),
        job_workers=int(asked.number("LODELINE_JOB_WORKERS", 1, least=0, most=64)),
        publisher=asked.number("LODELINE_PUBLISHER", 0, least=0, most=1) == 1,
        hosts=asked.several("LODELINE_HOSTS"),
        trusted_proxies=asked.networks("LODELINE_TRUSTED_PROXY"),
        metrics_token=asked.secret("LODELINE_METRICS_TOKEN", least=16),
        reading_seconds=asked.number("LODELINE_READING_SECONDS", 5, least=0, most=3600, whole=False),
        reading_oldest_seconds=asked.number("LODELINE_READING_OLDEST_SECONDS", 60, least=0, most=86400, whole=False),
        log=asked.log("LODELINE_LOG"),
    )
    if asked.wrong:
        wrong = bilingual("; ".join(en for en, _ in asked.wrong), "；".join(zh for _, zh in asked.wrong))
        raise ConfigurationError(text("The environment cannot be used: {wrong}.", wrong=wrong))
    return found


@cache
def current() -> Configuration:
    """The configuration of this process, read once."""
    return read(os.environ)


def address_of(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that a text is; None where it is none."""
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def is_trusted(text: str) -> bool:
    """Whether an address is that of a proxy of ours."""
    address = address_of(text)
    return address is not None and any(address in network for network in current().trusted_proxies)


def visitor_behind(peer: str, forwarded: str) -> str:
    """Whom a proxy of ours names in X-Forwarded-For; "" where the peer is none, or names nobody.

    Each proxy adds at the end whom it was asked by: the last that is no proxy of ours is the visitor.
    """
    if not is_trusted(peer):
        return ""
    hops = [hop.strip() for hop in forwarded.split(",")]
    visitor = next((hop for hop in reversed(hops) if not is_trusted(hop)), "")
    return visitor if address_of(visitor) is not None else ""


class _Asked:
    """Reads variables one by one and keeps what is wrong with them."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.wrong: list[tuple[str, str]] = []

    def _text(self, name: str) -> str:
        return self._environment.get(name, "").strip()

    def several(self, name: str) -> tuple[str, ...]:
        return tuple(part.strip() for part in self._text(name).split(",") if part.strip())

    def number(self, name: str, default: float, *, least: float, most: float, whole: bool = True) -> float:
        text = self._text(name)
        if not text:
            return default
        try:
            value = int(text) if whole else float(text)
        except ValueError:
            value = None
        if value is None or not least <= value <= most:
            kind, kind_zh = ("a whole number", "整数") if whole else ("a number", "数字")
            self.wrong.append(
                (f"{name} must be {kind} from {least} to {most}", f"{name} 应为 {least} 至 {most} 之间的{kind_zh}")
            )
            return default
        return value

    def networks(self, name: str) -> tuple[Network, ...]:
        found: list[Network] = []
        for part in self.several(name):
            try:
                found.append(ipaddress.ip_network(part, strict=False))
            except ValueError:
                self.wrong.append(
                    (
                        f"{name}: {part!r} is no address or network (write 10.0.0.5 or 10.0.0.0/24)",
                        f"{name}：{part!r} 不是地址或网段（请写作 10.0.0.5 或 10.0.0.0/24）",
                    )
                )
        return tuple(found)

    def secret(self, name: str, *, least: int) -> str:
        text = self._text(name)
        if text and len(text) < least:
            self.wrong.append((f"{name} must have at least {least} characters", f"{name} 至少应有 {least} 个字符"))
        return text

    def log(self, name: str) -> LogKind:
        text = self._text(name)
        if text and text not in get_args(LogKind):
            self.wrong.append((f"{name} must be json or errors", f"{name} 应为 json 或 errors"))
        # Where a person watches in a terminal, lines for machines would be in the way.
        return cast(LogKind, text) if text else "errors" if sys.stdout.isatty() else "json"
