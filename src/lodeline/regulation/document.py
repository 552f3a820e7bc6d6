"""A law file as a tree whose every leaf knows its place: what is wrong is told by file and place, with the cure."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

import yaml

from lodeline import language as lang
from lodeline.errors import UserError
from lodeline.language import Text

#: How a fact is known: the text was read, a published case shows it, somebody reports it, or it is assumed.
EVIDENCE = ("text", "case", "secondary", "assumption")


Made = TypeVar("Made")


class PackError(UserError):
    """A law file is not what it must be; the message names the file and the place in it. `others`: what else is wrong
    next to it."""

    others: tuple[PackError, ...] = ()


def each(rows: Iterable[Node], check: Callable[[Node], Made]) -> list[Made]:
    """What `check` makes of each of the rows. Raises PackError for all that are wrong, not for the first alone."""
    made: list[Made] = []
    wrong: list[PackError] = []
    for row in rows:
        try:
            made.append(check(row))
        except PackError as error:
            wrong += [error, *error.others]
    if wrong:
        wrong[0].others = tuple(wrong[1:])
        raise wrong[0]
    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """What stands at a place of a law file: `file` within the packs, `place` such as `values[0].published`."""

    file: str
    place: str
    content: Any

    def wrong(self, words: Text) -> PackError:
        """The error of this place."""
        at = (
            lang.text("{file}, {place}", context="law pack", file=self.file, place=self.place)
            if self.place
            else self.file
        )
        return PackError(lang.text("{at}: {wrong}", at=at, wrong=words))

    def table(self, required: tuple[str, ...] = (), optional: tuple[str, ...] = ()) -> dict[str, Node]:
        """The entries of a table; raises PackError for one that is missing, and for one that has another name."""
        if not isinstance(self.content, dict):
            raise self.wrong(lang.text("must be a table of names and values"))
        for name in required:
            if name not in self.content:
                raise self.wrong(lang.text("lacks `{name}`; add it", name=name))
        known = (*required, *optional)
        for name in self.content:
            if name not in known:
                listed = ", ".join(known)
                raise self.wrong(
                    lang.text("has `{name}`, which nothing reads; it can hold {listed}", name=name, listed=listed)
                )
        return {
            name: self._inner(f".{name}".lstrip("." * (not self.place)), self.content[name]) for name in self.content
        }

    def rows(self) -> list[Node]:
        """The members of a list."""
        if not isinstance(self.content, list):
            raise self.wrong(lang.text("must be a list"))
        return [self._inner(f"[{number}]", member) for number, member in enumerate(self.content)]

    def text(self) -> str:
        """A text that is not empty."""
        if not isinstance(self.content, str) or not self.content.strip():
            raise self.wrong(lang.text("must be a text; put it between quotes"))
        return self.content

    def choice(self, allowed: tuple[str, ...]) -> str:
        """One of the words allowed."""
        if self.content not in allowed:
            listed = ", ".join(allowed)
            raise self.wrong(lang.text("is {content!r}; write one of {listed}", content=self.content, listed=listed))
        return str(self.content)

    def day(self) -> date:
        """A day that has one before it and one after it."""
        if not isinstance(self.content, date) or isinstance(self.content, datetime):
            raise self.wrong(
                lang.text("is no day: {content!r}; write it like 2025-04-04, without quotes", content=self.content)
            )
        if not date.min < self.content < date.max:
            raise self.wrong(lang.text("is a day beyond all calendars; leave it out"))
        return self.content

    def flag(self) -> bool:
        """`true`; what does not hold is left out."""
        if self.content is not True:
            raise self.wrong(lang.text("can only be `true`; leave it out otherwise"))
        return True

    def labels(self) -> dict[str, str]:
        """A text in both languages."""
        return {name: node.text() for name, node in self.table(required=("en", "zh")).items()}

    def words(self) -> tuple[str, ...]:
        """A list of texts."""
        return tuple(member.text() for member in self.rows())

    def _inner(self, place: str, content: Any) -> Node:
        return Node(file=self.file, place=self.place + place, content=content)


#: The parser in C where the library was built with it, about three times as fast; it reads the same.
Parser: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(Parser):  # type: ignore[misc]
    """Refuses a name given twice, where YAML would keep the last, and reads `on` and `NO` as the words they are."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if str(key.value) in seen:
                raise yaml.MarkedYAMLError(problem=f"`{key.value}` stands twice", problem_mark=key.start_mark)
            seen.add(str(key.value))
        mapping: dict[Hashable, Any] = super().construct_mapping(node, deep)
        return mapping


# YAML 1.1 takes yes, no, on and off for truth values, in any case.
_Loader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"(?:true|false)\Z"), ["t", "f"])


def read(text: str, file: str) -> Node:
    """The tree of a YAML text, called `file` in messages. Raises PackError where it is no YAML."""
    empty = Node(file=file, place="", content=None)
    try:
        content = yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise empty.wrong(
            lang.text("line {line} is no YAML: {problem}; correct the line", line=line, problem=error.problem)
        ) from error
    except (yaml.YAMLError, ValueError) as error:
        # A day such as 2025-02-30 looks like one to the parser and is none.
        raise empty.wrong(lang.text("is no YAML: {error}; correct it", error=error)) from error
    return Node(file=file, place="", content=content)
