"""What the yearly catalogue asks of rare earths beside the lists of dual-use items: an ordinary export licence, a port.

Magnets stand in no catalogue. Which goods do is told by the supervision flags of their code, else by its heading. The
desk has no register of ordinary licences: a number that is stated is told, and customs verifies it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

from lodeline.control.case import Case, Rule
from lodeline.control.goods.listed import kinds
from lodeline.control.licences.licence import covers
from lodeline.control.reason import Reason, reason

#: The supervision flag of customs for an ordinary export licence.
_ORDINARY = "4"


def flags_of(case: Case) -> str | None:
    """The supervision flags of the declared code, by the longest that is listed; None where none is."""
    code, listed = case.line["hs_code"] or "", case.rules.parameter("supervision-flags") or ()
    found = [row for row in listed if code.startswith(row["code"])]
    return str(max(found, key=lambda row: len(row["code"]))["flags"]) if found else None


def is_due(case: Case) -> bool:
    """Whether the goods are rare earths of the catalogue of the day. It goes by the code alone: that goods are worked
    further than a dual-use list names, as lamp phosphor or polishing powder, takes them out of that list only."""
    catalogue, code = case.rules.parameter("export-licence-goods"), case.line["hs_code"] or ""
    if catalogue is None or not case.goods.rare:
        return False
    flags = flags_of(case)
    if flags is not None:
        return _ORDINARY in flags
    return _begins(code, catalogue["headings"]) and not _begins(code, catalogue["dual_use_instead"])


def _begins(code: str, starts: Iterable[str]) -> bool:
    return any(code.startswith(start) for start in starts)


def ordinary_licence(case: Case) -> Iterator[Reason]:
    """Rare earths of the catalogue leave against an ordinary export licence, or a dual-use licence that covers them."""
    if not is_due(case):
        return
    flags, own, stated = flags_of(case), case.line["export_licence"], case.line["licence"]
    law = (*case.rules.cited("export-licence-goods"), *(case.rules.cited("supervision-flags") if flags else ()))
    shown = {
        "hs_code": case.line["hs_code"],
        "flags": f"supervision flags {flags}" if flags else "by its heading",
        "flags_zh": f"监管条件 {flags}" if flags else "按品目判断",
    }
    number = own or (stated if case.licence is None and not case.needs else None)
    form = (case.rules.parameter("desk-bounds") or {}).get("permit_number")
    if number and form and not re.fullmatch(form["pattern"], str(number).strip()):
        yield reason(
            "permit.unreadable", fields=("export_licence" if own else "licence",), law=law, licence=number,
            form=form["like"],
        )  # fmt: skip
    elif own:
        yield reason("permit.named", law=law, licence=own)
    elif case.needs:
        # What stands on a list of dual-use items is held or asked about for that licence first.
        if covers(case):
            taken = case.rules.parameter("dual-use-takes-place")
            law = (*law, *case.rules.cited("dual-use-takes-place"))
            yield reason("permit.place-taken" if taken and taken["taken"] else "permit.missing", law=law, **shown)
    elif stated and case.licence is None:
        yield reason("permit.named", fields=("licence",), law=law, licence=stated)
    else:
        yield reason("permit.missing", law=law, **shown)


def fine_cerium(case: Case) -> Iterator[Reason]:
    """Grains of cerium below 500 µm need a dual-use licence in place of the ordinary one: by the code that says so, or
    by words under another code. No number of the list is in the pack, so a licence that is named is compared by hand.
    """
    catalogue, line = case.rules.parameter("export-licence-goods"), case.line
    if catalogue is None:
        return
    is_coded = _begins(line["hs_code"] or "", catalogue["dual_use_instead"])
    if is_coded or (_is_cerium(case) and kinds("cerium-grains", line["product_name"], line["model"], line["note"])):
        code = "permit.dual-use-missing" if is_coded and not line["licence"] else "permit.dual-use-unsettled"
        law = (*case.rules.cited("export-licence-goods"), *case.rules.cited("supervision-flags"))
        yield reason(code, law=law, hs_code=line["hs_code"], licence=line["licence"] or "–")


def _is_cerium(case: Case) -> bool:
    """Metal or alloy with more cerium than anything else."""
    goods = case.goods
    most = max(goods.shares, key=lambda symbol: goods.shares[symbol], default=None)
    is_metal = goods.forms & {"metal", "alloy"} and not goods.is_assembly
    return bool(is_metal) and (most == "Ce" if goods.is_composition_stated else "Ce" in goods.named)


def port(case: Case) -> Iterator[Reason]:
    """A port that is named as none for rare earths; for goods of the catalogue, one that is not among those named."""
    ports, stated = case.rules.parameter("desk-ports"), case.line["port"]
    if ports is None or not stated or not case.goods.rare:
        return
    law = case.rules.cited("desk-ports")
    if not case.goods.is_assembly and _is_named(stated, ports["not_designated"]):
        yield reason("port.not-designated", law=law, port=stated)
    elif is_due(case) and ports["designated"] and not _is_named(stated, ports["designated"]):
        standing = ports.get("standing", "in-force")
        if standing == "in-force":
            yield reason("port.not-designated", law=law, port=stated)
        elif standing == "unknown":
            labels = [one["label"] for one in ports["designated"]]
            yield reason(
                "port.designation-unknown", law=law, port=stated, day=case.rules.day.isoformat(),
                ports=", ".join(one["en"] for one in labels), ports_zh="、".join(one["zh"] for one in labels),
            )  # fmt: skip


def _is_named(stated: str, ports: Iterable[dict[str, list[str]]]) -> bool:
    words = set(re.findall(r"[a-z0-9]+|[\u3400-\u9fff]+", unicodedata.normalize("NFKC", stated).casefold()))
    names = [name for one in ports for name in one["names"]]
    return any(name in words or (not name.isascii() and any(name in word for word in words)) for name in names)


RULES: tuple[Rule, ...] = (ordinary_licence, fine_cerium, port)
