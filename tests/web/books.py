"""A handful of firms whose books are known by heart, for the pages of balances and lots.

Neodymium of `sep`, counted at the ends of January, February and March: 120 kg at first; in February it makes 200 kg of
oxide (160 kg Nd) out of 400 kg of concentrate (80 kg Nd), so 80 kg come from nowhere; in March nothing moves.
`mag` has never counted, took in 80 kg and sent out 90 kg. `pit` was counted once, `store` has filed nothing.
"""

from __future__ import annotations

from pathlib import Path

from tests.desk import Desk, organisation, site
from tests.web.as_official import furnish

#: A GS1 lot, and one whose name a browser would resolve away.
URI = "https://id.gs1.org/01/09506000134352/10/ABC123"
DOTS = "MINE/.."
OXIDE = "SEP/OX"
MAGNET = "MAG/M1"


def file_books(path: Path) -> str:
    """Files them into a new store at `path`; returns its address."""
    desk = Desk(str(path))
    desk.register(
        organisations=[
            *(organisation(name) for name in ("MINE", "SEP", "MAG", "TRADE")),
            organisation("ABROAD", roles="end-user", country="DE"),
        ],
        sites=[
            site("mine", "MINE", "mine"), site("pit", "MINE", "mine"), site("sep", "SEP", "separation"),
            site("mag", "MAG", "magnet"), site("store", "TRADE", "trade"),
        ],
    )  # fmt: skip
    mined = "product=concentrate origin_kind=mined origin_place=CN-PIT"
    desk.rows(
        "MINE", "2025-01",
        f"O1 origin 2 mine ORE 1000 {mined} composition=Nd=20;Pr=5",
        f"O2 origin 3 pit .. 10 {mined} composition=Nd=20",
        "S1 shipment 5 mine ORE 600 counterparty=SEP",
        "C1 stock 31 pit .. 10",
    )  # fmt: skip
    desk.rows(
        "SEP", "2025-01", "R1 receipt 7 sep MINE/ORE 600 counterparty=MINE reference=S1", "C1 stock 31 sep MINE/ORE 600"
    )
    desk.rows(
        "SEP", "2025-02",
        "T1 transformation 10 sep MINE/ORE 400 role=in reason=blend",
        "T1 transformation 10 sep OX 200 role=out product=oxide:Nd composition=Nd=80 reason=blend",
        "S2 shipment 20 sep OX 100 counterparty=MAG",
        "C2 stock 28 sep MINE/ORE 200",
        "C2 stock 28 sep OX 100",
    )  # fmt: skip
    desk.rows("SEP", "2025-03", "C3 stock 31 sep MINE/ORE 200", "C3 stock 31 sep OX 100")
    desk.rows(
        "MAG", "2025-03",
        "R2 receipt 1 mag SEP/OX 100 counterparty=SEP reference=S2",
        "T2 transformation 9 mag SEP/OX 100 role=in reason=blend",
        "T2 transformation 9 mag M1 300 role=out product=magnet-ndfeb composition=Nd=30;Fe=68;B=1 reason=blend",
        "S3 shipment 12 mag M1 300 counterparty=ABROAD",
        f"O3 origin 15 mag {URI} 5 product=swarf origin_kind=secondary origin_place=CN composition=Nd=25",
        "S4 shipment 20 mag GHOST 1 counterparty=ABROAD reason=blend",
    )  # fmt: skip
    furnish(desk.store.database.url)
    desk.store.database.close()
    return str(desk.store.database.url)
