"""A law file as a tree whose every leaf knows its place: what is wrong is told by file and place, with the cure."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

import yaml

from lodeline.errors import UserError

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

    def wrong(self, en: str, zh: str) -> PackError:
        """The error of this place."""
        at = f"{self.file}, {self.place}" if self.place else self.file
        at_zh = f"{self.file}，{self.place}" if self.place else self.file
        return PackError(f"{at}: {en}", f"{at_zh}：{zh}")

    def table(self, required: tuple[str, ...] = (), optional: tuple[str, ...] = ()) -> dict[str, Node]:
        """The entries of a table; raises PackError for one that is missing, and for one that has another name."""
        if not isinstance(self.content, dict):
            raise self.wrong("must be a table of names and values", "应为“名称: 值”的表")
        for name in required:
            if name not in self.content:
                raise self.wrong(f"lacks `{name}`; add it", f"缺少 `{name}`；请补上")
        known = (*required, *optional)
        for name in self.content:
            if name not in known:
                listed = ", ".join(known)
                raise self.wrong(
                    f"has `{name}`, which nothing reads; it can hold {listed}",
                    f"含有无用的 `{name}`；可用的有 {listed}",
                )
        return {
            name: self._inner(f".{name}".lstrip("." * (not self.place)), self.content[name]) for name in self.content
        }

    def rows(self) -> list[Node]:
        """The members of a list."""
        if not isinstance(self.content, list):
            raise self.wrong("must be a list", "应为列表")
        return [self._inner(f"[{number}]", member) for number, member in enumerate(self.content)]

    def text(self) -> str:
        """A text that is not empty."""
        if not isinstance(self.content, str) or not self.content.strip():
            raise self.wrong("must be a text; put it between quotes", "应为文字；请加引号")
        return self.content

    def choice(self, allowed: tuple[str, ...]) -> str:
        """One of the words allowed."""
        if self.content not in allowed:
            listed = ", ".join(allowed)
            raise self.wrong(f"is {self.content!r}; write one of {listed}", f"为 {self.content!r}；应为 {listed} 之一")
        return str(self.content)

    def day(self) -> date:
        """A day that has one before it and one after it."""
        if not isinstance(self.content, date) or isinstance(self.content, datetime):
            raise self.wrong(
                f"is no day: {self.content!r}; write it like 2025-04-04, without quotes",
                f"不是日期：{self.content!r}；请写作 2025-04-04，不加引号",
            )
        if not date.min < self.content < date.max:
            raise self.wrong("is a day beyond all calendars; leave it out", "超出历法范围；请删去")
        return self.content

    def flag(self) -> bool:
        """`true`; what does not hold is left out."""
        if self.content is not True:
            raise self.wrong("can only be `true`; leave it out otherwise", "只能为 `true`；否则请删去")
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
            f"line {line} is no YAML: {error.problem}; correct the line",
            f"第 {line} 行不是有效的 YAML：{error.problem}；请改正该行",
        ) from error
    except (yaml.YAMLError, ValueError) as error:
        # A day such as 2025-02-30 looks like one to the parser and is none.
        raise empty.wrong(f"is no YAML: {error}; correct it", f"不是有效的 YAML：{error}；请改正") from error
    return Node(file=file, place="", content=content)
