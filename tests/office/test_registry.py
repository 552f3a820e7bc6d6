"""A registrar's records become entries of the log; what cannot be is refused with its field."""

from __future__ import annotations

from typing import Any

import pytest
from tests.office.conftest import NOW, of_firm, official

from lodeline.office.access.actor import NotAllowedError
from lodeline.office.models import AuditRecord
from lodeline.office.register.registry import enter
from lodeline.service.log.audit import verify
from lodeline.store.store import Store

GANBEI = {
    "id": "SEP-9", "name_zh": "赣北分离", "name_en": "Ganbei Separation", "country": "CN",
    "roles": "separator|exporter", "uscc": "91350100M000100Y43", "valid_from": "2026-02-01",
}  # fmt: skip


def test_admitted_organisation_stands_in_the_log_with_who_decided_it(store: Store) -> None:
    done = enter(official("registrar"), store, "organisations", [GANBEI], now=NOW, new=True)
    assert done.problems == () and done.entry is not None
    register = store.register(store.head())
    assert register.roles["SEP-9"] == {"separator", "exporter"}
    assert '"by":"official"' in done.entry.envelope
    (record,) = AuditRecord.objects.filter(what="register.organisations")
    assert (record.organisation, record.who) == ("SEP-9", "official")
    assert verify(store).faults == ()


def test_same_record_again_changes_nothing(store: Store) -> None:
    registrar = official("registrar")
    enter(registrar, store, "organisations", [GANBEI], now=NOW)
    size = store.head().size
    again = enter(registrar, store, "organisations", [GANBEI], now=NOW)
    assert (again.entry, again.problems, store.head().size) == (None, (), size)


def test_site_that_is_handed_over_belongs_to_its_new_holder(store: Store) -> None:
    site = {"id": "MAG-1-A", "organisation": "ALL-1", "name": "Ningbo", "stage": "magnet"}
    assert enter(official("registrar"), store, "sites", [site], now=NOW).entry is not None
    assert store.register(store.head()).site_organisation["MAG-1-A"] == "ALL-1"


@pytest.mark.parametrize(
    ("table", "changed", "code", "column"),
    [
        ("organisations", {"id": "MAG-1"}, "record.exists", "id"),
        ("organisations", {"id": "MAG 1/2"}, "id.malformed", "id"),
        ("organisations", {"uscc": "91350100M000100Y34"}, "identifier.check-digit", "uscc"),
        ("organisations", {"lei": "5493001KJTIIGC8Y1R21"}, "identifier.check-digit", "lei"),
        ("organisations", {"valid_to": "2026-01-01"}, "validity.reversed", "valid_to"),
        ("organisations", {"valid_from": "yesterday"}, "date.invalid", "valid_from"),
        ("organisations", {"roles": "producer"}, "role.unknown", "roles"),
        ("organisations", {"name_zh": "", "name_en": ""}, "cell.missing", "name_zh"),
        ("sites", {"organisation": "NOBODY"}, "party.unknown", "organisation"),
        ("sites", {"stage": "factory"}, "stage.unknown", "stage"),
        ("sites", {"id": ""}, "cell.missing", "id"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(
    store: Store, table: Any, changed: dict[str, str], code: str, column: str
) -> None:
    site = {"id": "SEP-9-A", "organisation": "MAG-1", "name": "Ganzhou", "stage": "separation"}
    row = {**(GANBEI if table == "organisations" else site), **changed}
    size = store.head().size
    done = enter(official("registrar"), store, table, [row], now=NOW, new=True)
    assert (code, column) in {(one.code, one.where.column) for one in done.problems}
    assert done.entry is None and store.head().size == size


@pytest.mark.parametrize("actor", [of_firm("MAG-1", "organisation-admin"), official("analyst", "auditor")])
def test_nobody_else_keeps_the_register(store: Store, actor: Any) -> None:
    with pytest.raises(NotAllowedError):
        enter(actor, store, "organisations", [GANBEI], now=NOW)
