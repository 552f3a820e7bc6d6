"""Law packs for tests: the one that comes with the program, with a notice of the day in it."""

from __future__ import annotations

from datetime import date

from lodeline.regulation.pack import Pack, shipped

INSTRUMENT, LIST = "announcement-99-2026/instrument.yaml", "announcement-99-2026/control-list.yaml"


def notice(day: date) -> dict[str, str]:
    """Files of an announcement of a day, by which neodymium magnets come under control from that day on."""
    return {
        INSTRUMENT: f"""\
id: announcement-99-2026
title: {{en: "Announcement No. 99 of 2026 (made up for a test)", zh: "2026年第99号公告（测试虚构）"}}
issuer: {{en: MOFCOM, zh: 商务部}}
number: "99"
published: {day}
source: {{en: made up, zh: 虚构}}
evidence: assumption
""",
        LIST: f"""\
parameter: control-list
label: {{en: Neodymium magnets, zh: 钕铁硼磁体}}
values:
  - in_force_from: {day}
    published: {day}
    citation: {{article: {{en: article 1, zh: 第一条}}}}
    evidence: assumption
    value:
      - {{item: 9C999.a, element: Nd, form: magnet-ndfeb, label: {{en: magnets, zh: 磁体}}, evidence: assumption}}
tests:
  - {{on: {day}, known: {day}, input: {{element: Nd}}, expect: {{item: 9C999.a}}}}
""",
    }


def with_notice(day: date, **more: str) -> Pack:
    """The first pack with the notice of that day; `more`: other files in place of those."""
    return Pack(code="cn", files={**shipped("cn").files, **notice(day), **more})


def with_five_days(pack: Pack) -> Pack:
    """The pack with five working days to answer a query of customs, where it had seven, and nothing else changed."""
    path = "customs-announcement-123-2025/customs-query-days.yaml"
    return Pack(code=pack.code, files={**pack.files, path: pack.files[path].replace("_days: 7", "_days: 5")})
