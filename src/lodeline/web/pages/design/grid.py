"""A few rows of a filing with what can be wrong with them, as the design page shows them."""

from __future__ import annotations

from lodeline.ledger.problem import Severity
from lodeline.web.parts.values import Act, Grid, GridCell, GridColumn, GridProblem, GridRow
from lodeline.web.visit import Visit


def grid(visit: Visit) -> Grid:
    """Rows that are good, one to fix, one to confirm, one flagged, and a message at the last column."""
    text = visit.text

    def row(number: int, *texts: str, problem: GridProblem | None = None, field: bool = False) -> GridRow:
        cells = [GridCell(text=text) for text in texts]
        if problem is not None and problem.column is not None:
            cells[problem.column] = _marked(number, texts[problem.column], problem, field=field)
        return GridRow(number=str(number), id=f"r{number}", cells=cells, problems=() if problem is None else (problem,))

    def problem_of(
        number: int,
        severity: Severity,
        column: int,
        text: str,
        *,
        code: str = "",
        act: Act | None = None,
        reason: str = "",
    ) -> GridProblem:
        return GridProblem(
            id=f"m{number}", severity=severity, column=column, text=text, code=code, act=act, reason=reason
        )

    firm = text("Sample Alloy")
    rows = [
        row(3, "R-2610-014", "receipt", "2026-10-02", "GBS/PrNd-3318", "6 000.0", "Nd 75.1 · Pr 24.7", firm),
        row(
            7,
            "T-2610-031",
            "transform",
            "2026-10-12",
            "N42SH-0417",
            "3 871.4",
            "Nd=24.1;Pr=6.0;Dy=1.6;Fe=68.5;B=1.0",
            "",
            field=True,
            problem=problem_of(
                7,
                "reject",
                5,
                text("The five elements add up to 101.2 %. Iron is often typed as the remainder: 67.3 would close it."),
                code="composition.over-100",
                act=Act(label=text("Write 67.3"), look="ghost", small=True, name="cure", value="7"),
            ),
        ),
        row(
            9,
            "D-2610-102",
            "shipment",
            "2026-10-15",
            "N38-0399",
            "48200",
            "",
            text("Sample Motor"),
            field=True,
            problem=problem_of(
                9,
                "confirm",
                4,
                text("You usually ship 47.9 kg. If it is right, say why; it is then accepted and stays marked."),
                reason="reason-9",
            ),
        ),
        row(
            11,
            "D-2610-104",
            "shipment",
            "2026-09-30",
            "N35-0388",
            "310.5",
            "",
            firm,
            field=True,
            problem=problem_of(11, "reject", 2, text("The date is in another month."), code="period.outside"),
        ),
        row(
            14,
            "X-2610-009",
            "receipt",
            "2026-10-27",
            "N42SH-0417",
            "420.0",
            "",
            text("Sample Drives"),
            problem=problem_of(
                14,
                "flag",
                6,
                text("3 096.9 kg were received of 3 100.0 shipped. Within two weighings; nothing to do."),
            ),
        ),
    ]
    return Grid(
        caption=text("Rows", context="design"),
        columns=[
            GridColumn(label=text("Event", context="design")),
            GridColumn(label=text("Kind", context="design")),
            GridColumn(label=text("On", context="design"), whole=True),
            GridColumn(label=text("Lot")),
            GridColumn(label=text("Mass", context="design"), unit=text("kg"), number=True),
            GridColumn(label=text("Composition, %")),
            GridColumn(label=text("Counterparty", context="design")),
        ],
        rows=rows,
    )


def _marked(number: int, text: str, problem: GridProblem, *, field: bool) -> GridCell:
    """The cell that a problem is about: a field where it can be put right."""
    cell = f"c-{number}"
    return GridCell(text=text, id=cell, name=cell if field else "", severity=problem.severity, described_by=problem.id)
