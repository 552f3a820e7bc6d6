"""The parts of a page as values: what each template of `lodeline/parts/` needs, by name, and nothing else.

A page makes a value and includes the template of its name: `{% include "lodeline/parts/field.html" with field=… %}`.
Texts come in the reader's language. A name that a template asks for and a value does not have is left out of the page
in silence; these classes make it an error of the type checker instead. `/design` shows every part in every state.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from django.forms.utils import flatatt
from django.utils.safestring import SafeString

from lodeline.ledger.problem import Severity
from lodeline.web.words.words import Tone

FieldKind = Literal[
    "text", "email", "password", "number", "date", "month", "tel", "search", "textarea", "select", "radio", "checkbox",
    "file",
]  # fmt: skip
#: How long what is written into a field usually is: a code, a name, a sentence, all there is room for.
Width = Literal["short", "medium", "long", "full"]
Look = Literal["", "ghost", "danger", "ghost danger"]

#: Columns that a message below a row of a grid takes at least, so that it can be read.
_LEAST_SPAN: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something to do: a link where `href` is given, else a button that sends the form it stands in.

    `name` and `value` tell the form which of its buttons was pressed.
    """

    label: str
    href: str | None = None
    look: Look = ""
    small: bool = False
    disabled: bool = False
    name: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field of a form with its label, hint and what is wrong with it (`errors`).

    `options`: (value, text) of a select or of radio buttons; `suggestions`: what a text field offers and does not
    insist on. A checkbox sends `value` when it is `checked`. `key` tells fields of one name apart.
    """

    name: str
    label: str
    kind: FieldKind = "text"
    value: str = ""
    hint: str = ""
    errors: Sequence[str] = ()
    required: bool = False
    width: Width = "medium"
    options: Sequence[tuple[str, str]] = ()
    suggestions: Sequence[str] = ()
    checked: bool = False
    disabled: bool = False
    readonly: bool = False
    multiple: bool = False
    autocomplete: str = "off"
    inputmode: str = ""
    accept: str = ""
    lines: int = 4
    key: str = ""

    @property
    def id(self) -> str:
        """The id of the control: what an error summary leads to."""
        return f"f-{self.name}-{self.key}" if self.key else f"f-{self.name}"

    @property
    def described_by(self) -> str:
        """Ids of the hint and of the errors, as far as there are any."""
        ids = [f"h-{self.id}"] * bool(self.hint) + [f"w-{self.id}"] * bool(self.errors)
        return " ".join(ids)

    @property
    def attributes(self) -> SafeString:
        """What the control carries of whatever kind it is, as markup."""
        return flatatt(
            {
                "id": self.id,
                "name": self.name,
                "required": self.required,
                "disabled": self.disabled,
                "readonly": self.readonly,
                "aria-invalid": "true" if self.errors else None,
                "aria-describedby": self.described_by or None,
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A sentence of an error summary that leads to its cell or field. `where`: "Row 7", "7行"."""

    severity: Severity
    text: str
    where: str = ""
    href: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Problems:
    """An error summary: what there is to look at, most pressing first."""

    heading: str
    problems: Sequence[Problem]
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step of a way: done ones may lead back."""

    label: str
    note: str = ""
    state: Literal["done", "now", "next"] = "next"
    href: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GridColumn:
    """A column of a grid; `whole`: its texts do not break into lines, as a day does not."""

    label: str
    unit: str = ""
    number: bool = False
    whole: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GridCell:
    """A cell of a grid: a text, or with a `name` a field that can be edited.

    `severity` says how it is marked, `described_by` is the id of the message about it (`GridProblem.id`).
    """

    text: str = ""
    name: str = ""
    id: str = ""
    severity: Severity | Literal["guess"] | None = None
    described_by: str = ""
    options: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GridProblem:
    """What is wrong with the cell in `column` (None: with the row), the cure in words, and one act that would do it.

    `reason`: the name of a field for why it is right as it stands; `reason_value` what was written there. A `guess` is
    nothing wrong: what the cell may have been meant to say.
    """

    id: str
    severity: Severity | Literal["guess"]
    text: str
    column: int | None = None
    code: str = ""
    act: Act | None = None
    reason: str = ""
    reason_value: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GridRow:
    """A row of a file: its `number` there, its cells in the order of the columns, what is wrong with them."""

    number: str
    id: str
    cells: Sequence[GridCell]
    problems: Sequence[GridProblem] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A problem of a grid with the columns that stand empty before it and those it takes."""

    problem: GridProblem
    before: int
    span: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Rows as they were filed, with problems below the cells they are about."""

    caption: str
    columns: Sequence[GridColumn]
    rows: Sequence[GridRow]

    def shown(self) -> Iterator[tuple[GridRow, list[tuple[GridColumn, GridCell]], list[Message]]]:
        """Each row with its cells under their columns, and its messages placed below them."""
        for row in self.rows:
            cells = list(zip(self.columns, row.cells, strict=True))
            yield row, cells, [self._placed(problem) for problem in row.problems]

    def _placed(self, problem: GridProblem) -> Message:
        # The number of the row is a column too.
        width = len(self.columns) + 1
        before = 1 if problem.column is None else max(1, min(problem.column + 1, width - _LEAST_SPAN))
        return Message(problem=problem, before=before, span=width - before)


@dataclass(frozen=True, slots=True, kw_only=True)
class Badge:
    """A state by word and shape; the tone only goes with them."""

    text: str
    shape: str
    tone: Tone = "ink"


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Something that happened, or will: a line of a timeline."""

    when: str
    title: str
    text: str = ""
    shape: str = "circle"
    tone: Tone = "ink"
    href: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Empty:
    """What a page says where there is nothing: that there is nothing, and what to do next."""

    heading: str
    text: str = ""
    acts: Sequence[Act] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What an act has come to, said once at the top of the page that follows."""

    kind: Literal["success", "problem", "info"]
    text: str
    more: str = ""
    act: Act | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a job is. `total` None: nobody knows. While `running`, the page asks again every `seconds`."""

    id: str
    label: str
    text: str
    done: int = 0
    total: int | None = None
    running: bool = True
    seconds: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A line of a definition list; `mono` for hashes and ids."""

    term: str
    text: str
    href: str | None = None
    note: str = ""
    mono: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A sheet to print and keep. `qr`: the markup of `lodeline.web.parts.qr`, `scan`: what scanning it leads to."""

    heading: str
    text: str
    facts: Sequence[Fact]
    statement: str
    qr: str = ""
    scan: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who is signed in, as what, and where else they may go; `sign_out` is the address that ends it by POST."""

    name: str
    role: str
    organisation: str
    sign_out: str
    links: Sequence[Act] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoRole:
    """A person of the demonstration, to be signed in as with one press: the form sends `key`."""

    key: str
    name: str
    role: str
    organisation: str
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """One of several views of the same thing."""

    label: str
    href: str
    here: bool = False
    count: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirm:
    """A page that asks once more before something is done: what it does in sentences, and the way back.

    `hidden`: (name, value) of what the form sends unseen; `fields`: what is still asked, such as a reason.
    """

    sentences: Sequence[str]
    act: Act
    cancel: Act
    facts: Sequence[Fact] = ()
    fields: Sequence[Field] = ()
    hidden: Sequence[tuple[str, str]] = ()
