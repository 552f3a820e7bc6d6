"""A firm that files: two people of it with accounts, and what they put into drafts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from tests.office.register import REGISTER
from tests.stores import put_away, ready_store

from lodeline.journal.certification import Certification
from lodeline.office.access.actor import Actor, actor_of
from lodeline.office.filing import certify, draft_check, drafts, filing_now
from lodeline.office.filing.drafts import FileIn
from lodeline.office.models import Draft, Membership, User
from lodeline.regulation.parameter import load
from lodeline.service.entries.records import put_records

NOW = datetime(2026, 2, 5, 1, 0, tzinfo=UTC)
LAW = load("cn")
FIRM, MONTH = "MAG-1", "2026-01"
HEADER = "event,kind,role,on,site,lot,product,mass_kg,composition,origin_kind,origin_place,counterparty_name,reason"
MAGNET = "Nd=24.1;Pr=6.0;Dy=1.6;Fe=67.3;B=1.0"


def origin(event: str, lot: str, mass_kg: str = "100", day: str = "2026-01-05", composition: str = MAGNET) -> str:
    """A row: collected scrap."""
    return f"{event},origin,,{day},MAG-1-A,{lot},scrap-eol,{mass_kg},{composition},secondary,CN,,"


def shipment(event: str, lot: str, mass_kg: str, reason: str = "") -> str:
    """A row: a lot goes to a customer."""
    return f"{event},shipment,,2026-01-20,MAG-1-A,{lot},,{mass_kg},,,,Shaoxing Motor,{reason}"


def file_of(*rows: str, name: str = "january.csv") -> FileIn:
    """A CSV file of these rows."""
    return FileIn(name=name, content="\n".join([HEADER, *rows, ""]).encode())


def person(name: str, *roles: str, organisation: str = FIRM) -> tuple[User, Actor]:
    """An account with roles in a firm, and who it is as an actor."""
    user = User.objects.create_user(f"{name}@example.com", name=name.capitalize(), joined_at=NOW)
    for role in roles:
        Membership.objects.create(
            user=user, organisation=organisation, role=role, valid_from=date(2025, 1, 1), granted_at=NOW
        )
    return user, actor_of(user, on=NOW.date())


def make_office(path: Path) -> None:
    """A store with the register and the office's tables, in one file that can be copied."""
    store = ready_store(str(path))
    put_records(store, REGISTER, filed_at=NOW)
    put_away(store)


@dataclass(frozen=True, kw_only=True)
class People:
    """Who works on the firm's filings."""

    filer: Actor
    certifier: Actor

    @classmethod
    def hired(cls) -> People:
        return cls(filer=person("filer", "filer")[1], certifier=person("certifier", "certifier")[1])

    def draft(self, *rows: str, corrects: int | None = None, sandbox: bool = False) -> Draft:
        """A checked draft with a file of these rows."""
        draft = drafts.start(self.filer, FIRM, MONTH, law=LAW, now=NOW, corrects=corrects, sandbox=sandbox)
        draft = drafts.add_files(self.filer, draft, [file_of(*rows)], seen=draft.revision, now=NOW)
        return draft_check.begin(draft, now=NOW)

    def signed(self, draft: Draft) -> Draft:
        """The draft asked for and signed, not filed yet."""
        asked = certify.ask(self.filer, draft, seen=draft.revision, now=NOW)
        certification = Certification.by_password(certifier=self.certifier.pseudonym)
        statement = certify.statement(asked)
        assert statement is not None
        return certify.certify(self.certifier, asked, certification, signed=statement, seen=asked.revision, now=NOW)

    def filed(self, draft: Draft) -> Draft:
        """The draft, signed and filed."""
        found = filing_now.begin(self.signed(draft), now=NOW)
        assert found.state == Draft.State.FILED, found.problems
        return found
