"""What shapes of several subjects are made of."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Mass = Annotated[str, Field(description="Decimal kilograms.", json_schema_extra={"x-zh": "十进制千克数。"})]
Day = Annotated[str, Field(description="YYYY-MM-DD.")]
Hash = Annotated[str, Field(description="SHA-256, in hex.")]
Json = dict[str, Any]


class Shape(BaseModel):
    """An object of an answer. A key that is not listed yet is no mistake: readers ignore what they do not know."""

    model_config = ConfigDict(extra="allow")


class Bilingual(Shape):
    """One text in both languages."""

    en: str
    zh: str


class ProblemTexts(Shape):
    """Title and detail in one language."""

    title: str
    detail: str


class Where(Shape):
    """Where in what was sent; the header of a table is row 1."""

    file: str | None = None
    sheet: str | None = None
    row: int | None = None
    column: str | None = None


class FilingProblem(Shape):
    """What is wrong with a filing: its code, severity (reject, confirm, flag), place and facts."""

    code: str
    severity: Literal["reject", "confirm", "flag"]
    where: Where
    facts: Json
    message: Bilingual


class ProblemDocument(Shape):
    """Why a request came to nothing (RFC 9457). `errors`: problems of a filing, all of them."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    texts: dict[Literal["en", "zh"], ProblemTexts]
    errors: list[FilingProblem] | None = None


class Stamp(Shape):
    """The last entry and the root of the log that an answer was computed from."""

    entry: int
    root: Hash


class StampedRows(Shape):
    """A page of what was computed from the log as it stood, under the law pack of this digest."""

    stamp: Stamp
    pack: str
    rows: list[Json]
    next: str | None
