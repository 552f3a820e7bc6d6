"""A nation's register comes from one table: whole, once, with who decided it; its letters can be begun again."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.test import override_settings
from openpyxl import Workbook
from tests.office.conftest import NOW, official

from lodeline.filing.take_over import COLUMNS, LIMITS
from lodeline.office.access.actor import Actor, NotAllowedError, RoleGrant
from lodeline.office.accounts.invitations import InvitationError, accept_new, look
from lodeline.office.jobs.work import work_once
from lodeline.office.models import AuditRecord, Invitation, Job
from lodeline.office.register import letters, take_over
from lodeline.office.register.take_over import CheckedTable
from lodeline.regulation.parameter import load
from lodeline.service.log.audit import verify
from lodeline.store.store import Store

LAW = load("cn")
ON = date(2026, 1, 1)
WORKER = "somewhere:1:test"
REGISTRAR = official("registrar")
FIRM = {"organisation": "SEP-9", "name_zh": "赣北分离", "name_en": "Ganbei", "country": "CN", "roles": "separator"}
SITE = {
    "site": "SEP-9-A",
    "site_name": "Ganzhou",
    "stage": "separation",
    "region": "CN-JX",
    "lat": "25.8",
    "lon": "114.9",
}
ADMIN = {"contact_name": "Li Na", "email": "li.na@sep9.example", "person_role": "organisation-admin", "language": "en"}
FILER = {"contact_name": "陈伟", "email": "chen@sep9.example", "person_role": "申报人"}
ROWS = ({**FIRM, **SITE, **ADMIN}, {"organisation": "SEP-9", **FILER})


def table(*rows: dict[str, str], header: tuple[str, ...] = tuple(COLUMNS)) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, header, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def checked(store: Store, content: bytes, *, name: str = "firms.csv", actor: Actor = REGISTRAR) -> CheckedTable:
    return take_over.check(actor, store, name, content, law=LAW, on=ON)


def found(store: Store, *rows: dict[str, str]) -> list[tuple[str, int | None, str | None]]:
    return [(one.code, one.where.row, one.where.column) for one in checked(store, table(*rows)).problems]


def enter(store: Store, *rows: dict[str, str]) -> Any:
    return take_over.enter(
        REGISTRAR, store, checked(store, table(*rows)), address="https://lodeline.example/", now=NOW
    )  # fmt: skip


def sent() -> list[dict[str, str]]:
    while work_once(WORKER):
        pass
    with letters.file_of(settings.LODELINE_DATABASE).open(encoding="utf-8") as file:
        # The last one of a person counts.
        return list({row["email"]: row for row in csv.DictReader(file)}.values())


def test_a_table_becomes_one_entry_with_who_decided_it(store: Store) -> None:
    size = store.head().size
    made = enter(store, *ROWS)
    assert made.entry is not None and store.head().size == size + 1
    assert '"by":"official"' in made.entry.envelope
    register = store.newest_register()
    assert register.roles["SEP-9"] == {"separator"} and register.site_organisation["SEP-9-A"] == "SEP-9"
    (record,) = AuditRecord.objects.filter(what="register.take-over")
    assert (record.who, '"invited": 2' in record.facts) == ("official", True)
    assert not verify(store).faults
    # Running it again is how one goes on: nothing changes.
    again = checked(store, table(*ROWS))
    assert again.is_entered and not again.problems
    assert enter(store, *ROWS).entry is None and store.head().size == size + 1


def test_the_same_table_as_a_workbook_with_chinese_heads(store: Store, tmp_path: Any) -> None:
    heads = [one.name_zh for one in COLUMNS.values()]
    rows = [[row.get(name, "") for name in COLUMNS] for row in ROWS]
    book, path = Workbook(write_only=True), tmp_path / "firms.xlsx"
    sheet = book.create_sheet()
    for line in (heads, *rows):
        sheet.append(line)
    book.save(path)
    one, other = checked(store, path.read_bytes(), name=path.name), checked(store, table(*ROWS))
    assert [*one.records["organisations"].rows()] == [*other.records["organisations"].rows()]
    assert one.people == other.people and not one.refused


def test_letters_go_once_and_their_links_open_accounts(store: Store) -> None:
    enter(store, *ROWS)
    assert Invitation.objects.filter(waits=True).count() == 2
    first, second = sent()
    assert (first["link"].split("/")[2:5], second["language"]) == (["lodeline.example", "en", "invitation"], "zh")
    token = first["link"].rstrip("/").rpartition("/")[2]
    user = accept_new(token, name="Li Na", password="correct horse battery", language="en", today=ON, now=NOW)
    assert user.memberships.get().role == "organisation-admin"
    assert letters.file_of(store.database.url).stat().st_mode & 0o077 == 0
    assert letters.go_on(REGISTRAR, address="https://lodeline.example", now=NOW) is None


def test_what_was_killed_between_a_letter_and_its_mark_is_sent_anew(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter(store, *ROWS)
    payload = {"address": "https://lodeline.example", "user": None, "by": "official"}

    def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as dead:
        dead.setattr(letters, "record_act", dies)
        with pytest.raises(KeyboardInterrupt):
            letters.letters_job(payload, lambda _: None)
    with letters.file_of(store.database.url).open(encoding="utf-8") as file:
        lost = next(csv.DictReader(file))["link"].rstrip("/").rpartition("/")[2]
    assert letters.waiting().count() == 2
    assert len(sent()) == 2
    assert AuditRecord.objects.filter(what="invitation.make").count() == 2
    with pytest.raises(InvitationError):
        look(lost, now=NOW)


def test_with_mail_each_gets_a_letter_in_its_language(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    enter(store, *ROWS)
    backend = "django.core.mail.backends.locmem.EmailBackend"
    with override_settings(EMAIL_BACKEND=backend, LODELINE_SENDS_MAIL=True):
        mail.outbox = []
        with monkeypatch.context() as broken:
            broken.setattr("django.core.mail.EmailMessage.send", _refuses)
            assert work_once(WORKER)
        # What the server did not take waits, and the job says that it is not done.
        assert letters.waiting().count() == 2
        assert Job.objects.get(kind=letters.KIND).state == Job.State.WAITING
        letters.letters_job({"address": "https://x.example", "user": None, "by": "official"}, lambda _: None)
        assert [one.to for one in mail.outbox] == [["li.na@sep9.example"], ["chen@sep9.example"]]
        assert "act for SEP-9" in mail.outbox[0].body and "代表企业 SEP-9" in mail.outbox[1].body
    assert not letters.file_of(store.database.url).exists()


def _refuses(*_: object) -> None:
    raise OSError("no mail server")


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        (({**ROWS[0]}, {"organisation": "SEP-9", "name_en": "Another"}), ("take-over.contradicts", 3, "name_en")),
        (({**ROWS[0]}, {**SITE, "organisation": "MAG-1"}), ("take-over.contradicts", 3, "organisation")),
        (({**ROWS[0], "stage": "factory"},), ("stage.unknown", 2, "stage")),
        (({**ROWS[0], "roles": "producer"},), ("role.unknown", 2, "roles")),
        (({**ROWS[0], "lat": "125"},), ("number.out-of-range", 2, "lat")),
        (({**ROWS[0], "uscc": "91350100M000100Y34"},), ("identifier.check-digit", 2, "uscc")),
        (({**ROWS[0], "country": ""},), ("cell.missing", 2, "country")),
        (({"name_en": "Nobody"},), ("cell.missing", 2, "organisation")),
        (({**ROWS[0], "site": ""},), ("cell.missing", 2, "site")),
        (({**ROWS[0], "email": "li.na@sep9"},), ("take-over.email", 2, "email")),
        (({**ROWS[0], "contact_name": "Li\nNa"},), ("take-over.name", 2, "contact_name")),
        (({**ROWS[0], "person_role": "registrar"},), ("choice.unknown", 2, "person_role")),
        ((ROWS[0], {**ROWS[0], "person_role": "filer"}), ("take-over.two-roles", 3, "person_role")),
        (({**FIRM, "organisation": "MAG-1", **ADMIN},), ("take-over.stands", 2, "name_zh")),
        (({**FIRM, **ADMIN},), ("take-over.no-site", 2, "site")),
        (({**FIRM, **SITE},), ("take-over.no-person", 2, "email")),
        (({**FIRM, **SITE, **FILER},), ("take-over.no-administrator", 2, "person_role")),
    ],
)  # fmt: skip
def test_every_problem_is_named_at_its_cell_and_nothing_is_entered(
    store: Store, rows: tuple[dict[str, str], ...], problem: tuple[str, int, str]
) -> None:
    assert problem in found(store, *rows)


def test_all_problems_come_at_once_in_both_languages(store: Store) -> None:
    size = store.head().size
    one = checked(store, table({**ROWS[0], "stage": "factory", "email": "nowhere", "lat": "x"}))
    assert {found.code for found in one.problems} >= {"stage.unknown", "take-over.email", "number.invalid"}
    assert one.refused and store.head().size == size
    assert all(found.message("en") != found.message("zh") for found in one.problems)


def test_files_that_are_no_table_are_said_to_be_none(store: Store) -> None:
    whole = table(*ROWS)
    cases = {
        "too-large.csv": (whole + b" " * LIMITS.file_bytes, "take-over.too-large"),
        "broken.xlsx": (b"PK\x03\x04 no workbook", "file.damaged"),
        "empty.csv": (b"", "file.empty"),
        "head.csv": (table(), "take-over.empty"),
        "other.csv": (b"a,b\n1,2\n", "column.missing"),
        "firms.pdf": (b"%PDF", "file.unknown-format"),
    }
    for name, (content, code) in cases.items():
        assert code in {one.code for one in checked(store, content, name=name).problems}, name


def test_a_registrar_of_the_country_decides(store: Store) -> None:
    regional = Actor(
        user=0, name="R", pseudonym="r",
        standings=(RoleGrant(organisation="", role="registrar", region="CN-JX", firms=frozenset({"SEP-9"})),),
    )  # fmt: skip
    for actor in (official("analyst"), regional):
        with pytest.raises(NotAllowedError):
            checked(store, table(*ROWS), actor=actor)
    whole = checked(store, table(*ROWS))
    with pytest.raises(NotAllowedError):
        take_over.enter(official("auditor"), store, whole, address="https://x", now=NOW)
