"""Writers, each a process: they reserve, file, confirm, correct and take back at random; what was accepted is printed.

Started as `python -m tests.contracts.draw_writer URL WRITERS ROUNDS`; several share declarations, so that they meet.
"""

from __future__ import annotations

import random
import sys
from datetime import UTC, date, datetime
from typing import Any

from tests.contracts.forked import in_processes
from tests.desk import LAW, Desk

from lodeline.service.licences.draws import Drawn, Wanted, reserve, void
from lodeline.service.licences.exits import Exit, confirm_exits
from lodeline.store.opening import open_store

NOW, DAY = datetime(2025, 6, 10, 4, tzinfo=UTC), date(2025, 6, 10)
DECLARATIONS = ("D1", "D2", "D3", "D4")
LICENCE = {"D1": "L1", "D2": "L1", "D3": "L2", "D4": "L2"}


class Writer:
    """Takes rounds on its own connection, and remembers what the store took."""

    def __init__(self, url: str, number: int) -> None:
        self.desk = Desk(open_store(url))
        self.number = number
        self.dice = random.Random(number)
        self.taken: list[dict[str, Any]] = []
        #: Its exits: the number that stands, with the line.
        self.exits: list[tuple[str, str, str]] = []

    def round(self, turn: int) -> None:
        declaration, line = self.dice.choice(DECLARATIONS), str(self.dice.randint(1, 3))
        mass_mg = self.dice.randint(1, 30_000_000)
        act = self.dice.choice(("reserve", "reserve", "file", "exit", "correct", "void"))
        if act == "reserve":
            wanted = Wanted(
                licence=LICENCE[declaration], organisation="MAG", declaration=declaration, line=line, mass_mg=mass_mg,
                elements_mg={"Dy": mass_mg // 50},
            )  # fmt: skip
            self.note(act, *reserve(store=self.desk.store, wanted=[wanted], law=LAW, on=DAY, filed_at=NOW))
        elif act == "file":
            row = (
                f"X{self.number}-{turn} export 12 mag 1 {mass_mg / 1e6:.6f} product=magnet-ndfeb"
                f" licence={LICENCE[declaration]} declaration={declaration}"
            )
            self.desk.rows("MAG", "2025-06", row)
            self.taken.append({"act": act, "declaration": declaration, "mass_mg": mass_mg})
        elif act == "exit":
            exit_ = Exit(
                declaration=declaration, line=line, mass_mg=mass_mg, reference=f"E{self.number}-{turn}",
                closes=self.dice.random() < 0.2, licence=LICENCE[declaration], organisation="MAG",
            )  # fmt: skip
            (booked,) = confirm_exits(store=self.desk.store, exits=[exit_], law=LAW, on=DAY, filed_at=NOW)
            self.note(act, booked)
            if booked.draw is not None:
                self.exits.append((declaration, line, exit_.reference))
        elif act == "correct":
            if self.exits:
                self.correct(turn, mass_mg)
        else:
            taken_back = void(
                store=self.desk.store, declaration=declaration, line=line, reason="amended", on=DAY, filed_at=NOW
            )
            self.note(act, taken_back)

    def correct(self, turn: int, mass_mg: int) -> None:
        """Corrects one of its own exits, or a correction of it."""
        declaration, line, reference = self.exits.pop(self.dice.randrange(len(self.exits)))
        newer = Exit(
            declaration=declaration, line=line, mass_mg=mass_mg, reference=f"C{self.number}-{turn}",
            closes=self.dice.random() < 0.2, corrects=reference, reason="a slip",
        )  # fmt: skip
        (booked,) = confirm_exits(store=self.desk.store, exits=[newer], law=LAW, on=DAY, filed_at=NOW)
        assert booked.draw is not None, booked.problems
        self.note("correct", booked)
        self.exits.append((declaration, line, newer.reference))

    def note(self, act: str, drawn: Drawn) -> None:
        if drawn.draw is not None and not drawn.repeated:
            draw = drawn.draw
            self.taken.append({
                "act": act, "declaration": draw.declaration, "line": draw.line, "number": draw.number,
                "target": draw.target, "closes": draw.closes, "mass_mg": draw.masses_mg.get("", 0),
            })  # fmt: skip


def main() -> None:
    url, writers, rounds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])

    def write(number: int) -> list[dict[str, Any]]:
        writer = Writer(url, number)
        for turn in range(rounds):
            writer.round(turn)
        return writer.taken

    in_processes(writers, write)


if __name__ == "__main__":
    main()
