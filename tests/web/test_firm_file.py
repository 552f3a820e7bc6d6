"""Filing a month by its pages: nothing is lost, nothing is filed twice, and only who may can sign."""

from __future__ import annotations

import base64
import json
import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, override_settings
from fido2.cose import ES256
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData, CollectedClientData
from tests.office.filing_office import FIRM, NOW, file_of, make_office, origin, person, shipment
from tests.web.conftest import Page
from tests.workbooks import workbook

from lodeline.filing.formats import Limits, Sheet, unreadable
from lodeline.filing.formats.apart import DIED
from lodeline.filing.table import READERS
from lodeline.journal.verify import verify_receipt, verify_registration
from lodeline.ledger.problem import Where, problem
from lodeline.office.access import clock
from lodeline.office.accounts.demonstration import PASSWORD as SAMPLE_PASSWORD
from lodeline.office.accounts.demonstration import SAMPLE_ACCOUNTS
from lodeline.office.filing import draft_check
from lodeline.office.models import Draft, User
from lodeline.store.opening import open_store
from lodeline.store.store import Store

pytestmark = pytest.mark.medium

OVER = "Nd=24.1;Pr=6.0;Dy=1.6;Fe=68.5;B=1.0"
AT = f"/en/firm/{FIRM}"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("made") / "store.sqlite3"
    make_office(path)
    return path


@pytest.fixture
def log(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A log of this test alone, on the fifth of February 2026."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    path = tmp_path / "store.sqlite3"
    shutil.copy(made, path)
    with override_settings(
        LODELINE_DATABASE=str(path), LODELINE_MFA="optional", LODELINE_CERTIFY="password",
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    ):  # fmt: skip
        store = open_store(str(path))
        yield store
        store.database.close()


@dataclass(frozen=True, kw_only=True)
class Someone:
    """A person at a browser."""

    user: User
    client: Client

    @classmethod
    def with_roles(cls, name: str, *roles: str, organisation: str = FIRM) -> Someone:
        user, _ = person(name, *roles, organisation=organisation)
        client = Client(HTTP_HOST="localhost")
        user.set_password("a long enough password")
        user.save()
        client.force_login(user)
        someone = cls(user=user, client=client)
        someone.prove()
        return someone

    def prove(self, ago_s: float = 0) -> None:
        """As if the password had been given so many seconds ago."""
        session = self.client.session
        at = time.time() - ago_s
        session["account_authentication_methods"] = [{"method": "password", "at": at, "reauthenticated": True}]
        session["account_authentication_methods_user"] = str(self.user.pk)
        session.save()

    def page(self, path: str, status: int = 200) -> Page:
        response = self.client.get(path)
        assert response.status_code == status, (path, response.status_code, response.content[:400])
        return Page(response)

    def post(self, path: str, **form: Any) -> Any:
        return self.client.post(path, form)

    def begin(self, *rows: str, act: str = "start", period: str = "2026-01") -> str:
        """The address of a new draft with a file of these rows."""
        address: str = self.post(f"{AT}/file/", act=act, period=period)["Location"]
        sent = file_of(*rows)
        answer = self.post(
            address, act="upload", revision=0, files=[SimpleUploadedFile(sent.name, sent.content, "text/csv")]
        )
        assert answer.status_code == 303, answer.content
        return address

    def press(self, address: str, act: str, **form: Any) -> Any:
        """A button of the page as it stands now."""
        return self.post(address, act=act, revision=draft_at(address).revision, **form)


def draft_at(address: str) -> Draft:
    return Draft.objects.get(pk=int(address.rstrip("/").split("/")[-1]))


def names_of_fields(page: Page) -> list[str]:
    return re.findall(r'name="(c-[^"]+)"', page.html)


@pytest.fixture
def filer(log: Store) -> Someone:
    return Someone.with_roles("filer", "filer")


@pytest.fixture
def certifier(log: Store) -> Someone:
    return Someone.with_roles("certifier", "certifier")


def stock(event: str, lot: str, mass_kg: str, day: str) -> str:
    """A row: a lot is counted."""
    return f"{event},stock,,{day},MAG-1-A,{lot},,{mass_kg},,,,,"


@pytest.mark.parametrize(
    ("counted", "headline", "cause"),
    [
        ([stock("C-3", "L-1", "100", "2026-01-31")], "that its count lacks (z ", "漏盘"),
        (
            [stock("C-3", "L-1", "100", "2026-01-31"), stock("C-4", "L-2", "160", "2026-01-31")],
            "that its count has too much (z ",
            "重复盘存",
        ),
    ],
)
def test_what_will_surely_be_asked_about_is_the_headline_before_signing(
    filer: Someone, certifier: Someone, counted: list[str], headline: str, cause: str
) -> None:
    first = [stock("C-1", "L-1", "100", "2026-01-06"), stock("C-2", "L-2", "100", "2026-01-06")]
    address = filer.begin(origin("O-1", "L-1"), origin("O-2", "L-2"), *first, *counted)
    page = filer.page(address)
    assert page.headings[0].startswith("MAG-1-A will be asked about") and headline in page.headings[0]
    assert "Most likely" in page.text and cause in filer.page(address.replace("/en/", "/zh/")).text
    filer.press(address, "ask")
    sign = certifier.page(f"{address}certify/")
    assert headline in sign.text and "Most likely" in sign.text
    assert "Tick that you have checked" in sign.text or 'name="sure"' in sign.html, "signing stays possible"


def test_a_month_goes_from_its_choice_to_its_receipt(log: Store, filer: Someone, certifier: Someone) -> None:
    assert filer.page(f"{AT}/file/").headings == ["Every month is filed"]
    address = filer.begin(origin("O-1", "L-1", composition=OVER), origin("O-2", "L-2"))
    page = filer.page(address)
    assert page.headings == ["One row stands in the way of January, due Monday the 9th"]
    (field,) = names_of_fields(page)
    assert f'href="#{field}"' in page.html
    assert f'id="{field}"' in page.html
    assert "Fe 67.3 % closes it to 100 %" in page.text
    saved = filer.press(address, "save", **{field: "Nd=24.1"})
    assert (saved.status_code, saved["Location"]) == (303, f"{address}?said=saved")
    page = filer.page(address)
    assert page.headings == ["Nothing stands in the way of January, due Monday the 9th"]
    assert "2 origins: 200 kg" in page.text
    assert "MAG-1-A has 0 kg in book now, and 200 kg after." in page.text.replace("\xa0", " ").replace("\u2009", " ")
    filer.press(address, "ask")
    assert "waits for a signature" in filer.page(address).headings[0]
    sign = certifier.page(f"{address}certify/")
    assert "2 events, 2 rows, by Filer" in sign.text
    assert "What it would do to your books" in sign.text
    unread = certifier.post(f"{address}certify/", act="password", revision=draft_at(address).revision)
    assert unread.status_code == 409
    signed = certifier.post(f"{address}certify/", act="password", sure="yes", revision=draft_at(address).revision)
    assert signed.status_code == 302
    receipt = filer.page(f"{AT}/filings/1/")
    assert receipt.headings == ["January\xa02026 is filed"]
    entry = log.entry(1)
    assert entry is not None
    assert entry.leaf_hash in receipt.text
    assert "<svg" in receipt.html
    # No row of it says a role or a counterparty: such columns are left out, and it says so; a file has them all.
    assert "Mass, kg" in receipt.text and "In or out" not in receipt.text and "Counterparty" not in receipt.text
    assert "Columns without content are left out." in receipt.text
    exported = filer.client.get(f"{AT}/filings/1/?format=csv&table=rows").content.decode()
    assert "Mass, kg" in exported and "In or out" in exported
    proof = json.loads(filer.client.get(f"{AT}/filings/1/receipt.json").content)
    assert verify_receipt(proof) == []
    assert filer.client.get(address)["Location"] == f"{AT}/filings/1/"
    assert filer.client.get(f"{AT}/filings/1/uploads/0/").content.startswith(b"event,kind")
    scanned = filer.client.get(f"/en/verify/?entry=1&leaf={entry.leaf_hash}")
    assert "This receipt holds" in scanned.content.decode()
    assert filer.client.get("/en/verify/?entry=1&leaf=00").status_code == 404


def test_a_month_that_is_filed_leaves_no_other_draft_of_it_as_work(
    log: Store, filer: Someone, certifier: Someone
) -> None:
    rows = (origin("O-1", "L-1"), origin("O-2", "L-2"))
    same, part, more = filer.begin(*rows), filer.begin(rows[0]), filer.begin(*rows, origin("O-3", "L-3"))
    empty: str = filer.post(f"{AT}/file/", act="start", period="2026-01")["Location"]
    address = filer.begin(*rows)
    # Each of them has a name of its own, in both lists.
    for at in (f"{AT}/file/", f"{AT}/?kind=draft"):
        text = filer.page(at).text
        assert text.count("january.csv") >= 4 and text.count("begun 5") >= 5, (at, text)
    filer.press(address, "ask")
    certifier.post(f"{address}certify/", act="password", sure="yes", revision=draft_at(address).revision)
    assert draft_at(address).state == Draft.State.FILED
    states = [draft_at(one).state for one in (same, part, empty, more)]
    # The one that has an event of its own is still to be filed.
    assert states == [Draft.State.SUPERSEDED] * 3 + [Draft.State.OPEN]
    listed = filer.page(f"{AT}/file/").html
    assert more in listed and not any(f'href="{one}"' in listed for one in (same, part, empty))
    kept = filer.page(same)
    assert kept.headings[0] == "January was filed by another draft" and "nothing is left to be done" in kept.text
    assert "O-2" in kept.html and "Save and check" not in kept.text
    assert "无需办理" in filer.page(same.replace("/en/", "/zh/")).text
    assert filer.press(same, "ask").status_code == 409


def test_a_second_press_and_the_way_back_show_the_receipt(log: Store, filer: Someone, certifier: Someone) -> None:
    address = filer.begin(origin("O-1", "L-1"))
    filer.press(address, "ask")
    revision = draft_at(address).revision
    for _ in range(2):
        certifier.post(f"{address}certify/", act="password", sure="yes", revision=revision)
    assert log.head().size == 2
    assert certifier.client.get(f"{address}certify/").status_code == 302
    again = filer.post(address, act="ask", revision=revision)
    assert again.status_code == 303
    assert filer.client.get(again["Location"])["Location"] == f"{AT}/filings/1/"


def test_the_older_of_two_windows_is_told_and_keeps_what_was_typed(filer: Someone) -> None:
    address = filer.begin(origin("O-1", "L-1", composition=OVER), shipment("S-1", "L-1", "abc"))
    older = draft_at(address).revision
    composition, mass = names_of_fields(filer.page(address))[:2]
    filer.post(address, act="save", revision=older, **{mass: "10"})
    late = filer.post(address, act="save", revision=older, **{composition: "Nd=24.1", mass: "abc"})
    assert late.status_code == 409
    page = Page(late)
    assert "changed in another window" in page.text
    assert 'value="Nd=24.1"' in page.html
    assert 'value="10"' not in page.html or 'value="abc"' in page.html
    newest = draft_at(address).revision
    filer.post(address, act="save", revision=newest, **{composition: "Nd=24.1"})
    assert draft_at(address).accepted


def test_a_draft_is_there_after_the_session_was_lost(log: Store, filer: Someone) -> None:
    address = filer.begin(origin("O-1", "L-1"))
    filer.client.logout()
    lost = filer.client.get(address)
    assert lost.status_code == 302
    assert "/en/account/login/?next=" in lost["Location"]
    filer.client.force_login(filer.user)
    assert filer.page(f"{AT}/file/").text.count("being made") == 1
    assert "1 origin: 100 kg" in filer.page(address).text


def test_rows_can_be_typed_into_an_empty_grid(filer: Someone) -> None:
    address = filer.post(f"{AT}/file/", act="start", period="2026-01")["Location"]
    fields = names_of_fields(filer.page(f"{address}?edit=cells"))
    assert "c-0-2-event" in fields
    assert "c-0-6-lot" in fields
    row = dict(zip(HEADERS, origin("O-1", "L-1").split(","), strict=True))
    form = {f"c-0-2-{name}": text for name, text in row.items() if text}
    assert filer.press(f"{address}", "save", **form).status_code == 303
    assert draft_at(address).accepted
    filer.press(address, "save", **{"k-0-2": "remove"})
    assert draft_at(address).edits.count() == 0


HEADERS = (
    "event", "kind", "role", "on", "site", "lot", "product", "mass_kg", "composition", "origin_kind", "origin_place",
    "counterparty_name", "reason",
)  # fmt: skip


def test_a_cure_is_applied_with_one_press_and_a_reason_confirms(filer: Someone) -> None:
    address = filer.begin(origin("O-1", "L-1", composition=OVER), shipment("S-1", "L-1", "150"))
    cure = re.search(r'value="(cure:[^"]+)"', filer.page(address).html)
    assert cure is not None
    filer.press(address, cure[1])
    page = filer.page(address)
    reason = next(name for name in names_of_fields(page) if name.endswith("-reason"))
    assert page.headings == ["One row stands in the way of January, due Monday the 9th"]
    filer.press(address, "save", **{reason: "The scale was broken"})
    assert draft_at(address).accepted


def test_draft_says_what_is_checked_once_unreadable_rows_are_mended(filer: Someone) -> None:
    unread = filer.begin(origin("O-1", "L-1", composition=OVER))
    for language, says in (("en", "against the books"), ("zh", "再与账目")):
        assert says in filer.page(unread.replace("/en/", f"/{language}/", 1)).text


def test_the_good_events_are_filed_now_and_the_rest_is_a_draft(log: Store, filer: Someone) -> None:
    address = filer.begin(
        origin("O-1", "L-1", composition=OVER), origin("O-2", "L-2"), origin("O-3", "L-3", day="2025-12-31")
    )
    assert "File the good event now" in filer.page(address).text
    filer.press(address, "move:2025-12")
    filer.press(address, "good")
    assert draft_at(address).accepted
    assert "1 origin: 100 kg" in filer.page(address).text
    listed = filer.page(f"{AT}/file/").text
    assert listed.count("being made") == 3
    assert "December 2025" in listed


def test_a_month_that_is_filed_already_is_compared_and_corrected(
    log: Store, filer: Someone, certifier: Someone
) -> None:
    def sign(address: str) -> None:
        filer.press(address, "ask")
        form = {"act": "password", "sure": "yes", "revision": draft_at(address).revision}
        assert certifier.client.post(f"{address}certify/", form).status_code == 302

    sign(filer.begin(origin("O-1", "L-1"), origin("O-2", "L-2")))
    address = filer.begin(origin("O-1", "L-1", mass_kg="130"))
    assert "Compare with what is filed" in filer.page(address).text
    filer.press(address, "correct")
    page = filer.page(address)
    assert "0 events unchanged, 1 changed, 0 new, 1 not in your file" in page.text
    assert "+30.0 kg" in page.text
    sign(address)
    version = filer.page(f"{AT}/filings/2/?diff=1")
    assert version.headings == ["January\xa02026 is corrected"]
    assert "O-1 Mass L-1 100 130" in version.text
    assert filer.page(f"{AT}/filings/").headings == ["1 month filed, 1 correction"]
    assert filer.page(f"{AT}/filings/1/").headings == ["January\xa02026 was filed here, and corrected since"]
    csv = filer.client.get(f"{AT}/filings/2/?format=csv&table=rows").content.decode()
    assert "O-1" in csv


def test_a_sandbox_filing_says_so_everywhere_and_enters_nothing(log: Store, filer: Someone) -> None:
    both = Someone.with_roles("both", "filer", "certifier")
    address = both.begin(origin("O-1", "L-1"), act="try")
    assert "Nothing here enters the ledger" in both.page(address).text
    assert both.press(address, "ask", then="certify")["Location"] == f"{address}certify/"
    assert "Nothing here enters the ledger" in both.page(f"{address}certify/").text
    both.post(f"{address}certify/", act="password", sure="yes", revision=draft_at(address).revision)
    page = both.page(address)
    assert page.headings == ["Filed in the sandbox"]
    assert "proves nothing" in page.text
    assert "verify/?entry" not in page.html
    assert log.head().size == 1


def test_pages_of_a_draft_are_not_open_to_others(log: Store, filer: Someone, certifier: Someone) -> None:
    address = filer.begin(origin("O-1", "L-1"))
    stranger = Someone.with_roles("stranger", "filer", "certifier", organisation="ALL-1")
    for path in (
        f"{AT}/file/", address, f"{address}?file=rows", f"{address}columns/", f"{address}certify/", f"{AT}/filings/",
        f"{AT}/filings/0/", f"{AT}/profiles/", f"{AT}/file/template.xlsx", f"{AT}/file/copy/2025-12/",
    ):  # fmt: skip
        assert stranger.client.get(path).status_code == 403, path
        assert Client(HTTP_HOST="localhost").get(path).status_code == 302, path
    own = address.replace(f"/{FIRM}/", "/ALL-1/")
    assert stranger.client.get(own).status_code == 404
    assert stranger.client.get("/en/firm/ALL-1/filings/0/").status_code == 404
    assert filer.client.get(f"{address}certify/").status_code == 403
    assert certifier.press(address, "drop").status_code == 403
    assert draft_at(address).state == Draft.State.OPEN


def test_who_signs_has_lately_proved_who_they_are(filer: Someone, certifier: Someone) -> None:
    address = filer.begin(origin("O-1", "L-1"))
    filer.press(address, "ask")
    certifier.prove(ago_s=301)
    for answer in (
        certifier.client.get(f"{address}certify/"),
        certifier.post(f"{address}certify/", act="password", sure="yes", revision=draft_at(address).revision),
    ):
        assert answer.status_code == 302
        assert "/en/account/reauthenticate/?next=" in answer["Location"]
    assert draft_at(address).state == Draft.State.ASKED


def test_a_newcomer_to_the_demo_signs_a_month_long_after_signing_in_by_a_click(filer: Someone) -> None:
    address = filer.begin(origin("O-1", "L-1"))
    filer.press(address, "ask")
    sample = next(one for one in SAMPLE_ACCOUNTS if one.role == "certifier")
    newcomer = Someone.with_roles("certifier", "certifier")
    newcomer.user.email = sample.email
    newcomer.user.set_password(SAMPLE_PASSWORD)
    newcomer.user.save()
    newcomer.client.force_login(newcomer.user)
    newcomer.prove(ago_s=360)
    asked = newcomer.client.get(f"{address}certify/")["Location"]
    assert SAMPLE_PASSWORD not in newcomer.page(asked).text
    with override_settings(LODELINE_DEMO=True):
        shown = newcomer.page(asked)
        pressed = re.search(r'name="password" value="([^"]+)"', shown.html)
        assert pressed is not None
        assert SAMPLE_PASSWORD in shown.text
        back = newcomer.post(asked, password=pressed[1], next=f"{address}certify/")
        assert back["Location"] == f"{address}certify/"
        revision = draft_at(address).revision
        signed = newcomer.post(f"{address}certify/", act="password", sure="yes", revision=revision)
    assert signed["Location"] == address
    assert draft_at(address).state != Draft.State.ASKED
    # Who is no sample account is shown nothing, even in a demo.
    with override_settings(LODELINE_DEMO=True):
        assert SAMPLE_PASSWORD not in filer.page("/en/account/reauthenticate/").text


def test_a_password_signs_only_where_that_is_allowed(filer: Someone, certifier: Someone) -> None:
    address = filer.begin(origin("O-1", "L-1"))
    filer.press(address, "ask")
    with override_settings(LODELINE_CERTIFY="", LODELINE_DEMO=False):
        assert "With the password" not in certifier.page(f"{address}certify/").text
        refused = certifier.post(f"{address}certify/", act="password", sure="yes", revision=draft_at(address).revision)
    assert refused.status_code == 409
    assert draft_at(address).state == Draft.State.ASKED


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


class Device:
    """A passkey of somebody, as a device would keep it."""

    def __init__(self, user: User) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = b"a credential of tests"
        self.rp = sha256(b"localhost").digest()
        public = ES256.from_cryptography_key(self.key.public_key())  # type: ignore[no-untyped-call]
        data = AuthenticatorData.create(
            self.rp, AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.UV | AuthenticatorData.FLAG.AT, 0,
            AttestedCredentialData.create(b"\0" * 16, self.id, public),
        )  # fmt: skip
        made = CollectedClientData.create(type="webauthn.create", challenge=b"c" * 32, origin="http://localhost")
        credential = {
            "id": _text(self.id), "rawId": _text(self.id), "type": "public-key", "clientExtensionResults": {},
            "response": {
                "clientDataJSON": _text(bytes(made)),
                "attestationObject": _text(bytes(AttestationObject.create("none", data, {}))),
            },
        }  # fmt: skip
        Authenticator.objects.create(user=user, type="webauthn", data={"name": "Device", "credential": credential})

    def sign(self, challenge: bytes, *, verified: bool = True) -> str:
        """What the script puts into the form."""
        flags = AuthenticatorData.FLAG.UP | (AuthenticatorData.FLAG.UV if verified else AuthenticatorData.FLAG(0))
        data = AuthenticatorData.create(self.rp, flags, 1)
        client = CollectedClientData.create(type="webauthn.get", challenge=challenge, origin="http://localhost")
        signature = self.key.sign(bytes(data) + client.hash, ec.ECDSA(hashes.SHA256()))
        return json.dumps(
            {
                "id": _text(self.id), "rawId": _text(self.id), "type": "public-key", "clientExtensionResults": {},
                "response": {
                    "clientDataJSON": _text(bytes(client)), "authenticatorData": _text(bytes(data)),
                    "signature": _text(signature),
                },
            }
        )  # fmt: skip


def test_a_passkey_signs_what_the_page_shows_and_nothing_else(log: Store, filer: Someone, certifier: Someone) -> None:
    device = Device(certifier.user)
    address = filer.begin(origin("O-1", "L-1"))
    filer.press(address, "ask")
    page = certifier.page(f"{address}certify/")
    asked = json.loads(re.search(r'data-passkey="([^"]+)"', page.html)[1].replace("&quot;", '"'))  # type: ignore[index]
    assert (asked["rpId"], asked["credentials"]) == ("localhost", [_text(device.id)])
    challenge = base64.urlsafe_b64decode(asked["challenge"] + "=")
    form = {"act": "passkey", "sure": "yes", "revision": draft_at(address).revision}
    for assertion in (
        "", "{}", device.sign(b"x" * 32), device.sign(challenge, verified=False),
        Device(filer.user).sign(challenge),
    ):  # fmt: skip
        answer = certifier.client.post(f"{address}certify/", {**form, "assertion": assertion})
        assert answer.status_code == 409, assertion
    answer = certifier.client.post(f"{address}certify/", {**form, "assertion": device.sign(challenge)})
    assert answer.status_code == 302
    filed = f"{AT}/filings/{draft_at(address).entry}"
    proof = json.loads(filer.client.get(f"{filed}/receipt.json").content)
    assert json.loads(proof["envelope"])["facts"]["certification"]["kind"] == "passkey"
    assert verify_registration(json.dumps(proof), filer.client.get(f"{filed}/key.json").content.decode()) == []
    assert verify_receipt(proof) == []


def test_a_certificate_signs_outside_the_portal(log: Store, filer: Someone, certifier: Someone) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "trial")])
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(NOW - timedelta(days=1)).not_valid_after(NOW + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    address = filer.begin(origin("O-1", "L-1"))
    filer.press(address, "ask")
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    certifier.post(f"{address}certify/", act="add-certificate", certificate=SimpleUploadedFile("c.pem", pem))
    page = certifier.page(f"{address}certify/")
    number = re.search(r'<option value="(\d+)">CN=trial', page.html)
    assert number is not None
    statement = certifier.client.get(f"{address}?file=statement").content
    form = {"act": "certificate", "sure": "yes", "key": number[1], "revision": draft_at(address).revision}
    wrong = SimpleUploadedFile("s.bin", key.sign(statement + b" ", ec.ECDSA(hashes.SHA256())))
    assert certifier.post(f"{address}certify/", signature=wrong, **form).status_code == 409
    right = SimpleUploadedFile("s.bin", key.sign(statement, ec.ECDSA(hashes.SHA256())))
    assert certifier.post(f"{address}certify/", signature=right, **form).status_code == 302
    filed = f"{AT}/filings/{draft_at(address).entry}"
    proof = json.loads(filer.client.get(f"{filed}/receipt.json").content)
    assert json.loads(proof["envelope"])["facts"]["certification"]["kind"] == "key"
    assert verify_registration(json.dumps(proof), filer.client.get(f"{filed}/key.json").content.decode()) == []
    assert verify_receipt(proof) == []


def test_meanings_of_columns_are_asked_for_once(filer: Someone) -> None:
    own = (
        "Vorgang;Was;Datum;Werk;Charge;Produkt;Menge t;Analyse;Quelle;Land\n"
        "O-1;origin;2026-01-05;MAG-1-A;L-1;scrap-eol;0.5;Nd=24;secondary;CN\n"
    )
    address = filer.post(f"{AT}/file/", act="start", period="2026-01")["Location"]
    filer.post(address, act="upload", revision=0, files=[SimpleUploadedFile("sap.csv", own.encode())])
    assert "Say what they mean" in filer.page(address).text
    page = filer.page(f"{address}columns/")
    assert "Werk" in page.text
    assert "MAG-1-A" in page.text
    targets = ("event", "kind", "on", "site", "lot", "product", "mass_t", "composition", "origin_kind", "origin_place")
    form = {f"column-{number}": target for number, target in enumerate(targets)}
    form |= {"name": "SAP", "date_order": "ymd", "decimals": "as-filed"}
    revision = draft_at(address).revision
    twice = filer.post(f"{address}columns/", revision=revision, **(form | {"column-1": "event"}))
    assert twice.status_code == 409
    assert filer.post(f"{address}columns/", revision=revision, **form).status_code == 302
    assert draft_at(address).accepted
    assert filer.page(f"{AT}/profiles/").headings == ["One profile of your columns"]
    second = filer.post(f"{AT}/file/", act="start", period="2026-01")["Location"]
    again = own.replace("O-1", "O-2").replace("L-1", "L-2")
    filer.post(second, act="upload", revision=0, files=[SimpleUploadedFile("sap.csv", again.encode())])
    assert draft_at(second).accepted
    assert "Read by your saved columns SAP." in filer.page(second).text
    third = filer.post(f"{AT}/file/", act="start", period="2026-01")["Location"]
    other = again.replace("O-2", "O-3").replace("L-2", "L-3").replace("Menge t", "Netto")
    filer.post(third, act="upload", revision=0, files=[SimpleUploadedFile("sap.csv", other.encode())])
    page = filer.page(third)
    assert "Your saved columns SAP fit but for one" in page.text
    assert "“Menge t” is not in this file; new: Netto." in page.text
    page = filer.page(f"{third}columns/")
    # What was said before is kept, and the new column is taken for the one that is gone.
    chosen = re.findall(r'<option value="([^"]*)" selected>', page.html)
    assert chosen[: len(targets)] == list(targets)
    form = {f"column-{number}": one for number, one in enumerate(chosen[: len(targets)])}
    form |= {"name": "SAP", "date_order": "ymd", "decimals": "as-filed"}
    assert filer.post(f"{third}columns/", revision=draft_at(third).revision, **form).status_code == 302
    assert draft_at(third).accepted
    stranger = filer.begin(origin("O-9", "L-9"))
    assert "saved columns" not in filer.page(stranger).text


def test_suggestions_are_listed_applied_at_once_and_undone(filer: Someone) -> None:
    address = filer.begin(origin("O-1", "L-100"), shipment("S-1", "L-1O0", "10"), shipment("S-2", "L100", "20"))
    page = filer.page(address)
    assert "Is it L-100? You have that lot, and none called L-1O0" in page.text
    assert "Apply all 2" in page.text
    csv = filer.client.get(f"{address}?format=csv&table=suggestions").content.decode()
    assert '"L-1O0","L-100"' in csv
    one = re.findall(r'value="(cure:[^"]+)"', page.html)
    assert len(one) == 2
    assert filer.press(address, "apply:all").status_code == 303
    assert draft_at(address).accepted
    page = filer.page(f"{address}?said=applied")
    assert "Undo: set 2 back" in page.text and "Apply all" not in page.text
    assert filer.press(address, "undo").status_code == 303
    assert "Apply all 2" in filer.page(address).text
    assert filer.press(address, one[0]).status_code == 303
    assert "Apply it" in filer.page(address).text
    assert filer.press(address, "apply:nothing").status_code == 409
    assert "是否为“L-100”？" in filer.page(address.replace("/en/", "/zh/")).text


def test_a_month_is_begun_with_the_rows_of_the_last(log: Store, filer: Someone, certifier: Someone) -> None:
    refused = filer.post(f"{AT}/file/", act="begin", period="2026-01")
    assert (refused.status_code, "There is no earlier month" in refused.content.decode()) == (409, True)
    assert "being made" not in filer.page(f"{AT}/file/").text
    address = filer.begin(origin("2026-01/O", "L-1"), shipment("S-1", "L-1", "40"))
    filer.press(address, "ask")
    certifier.post(f"{address}certify/", act="password", sure="yes", revision=draft_at(address).revision)
    page = filer.page(f"{AT}/file/")
    assert "Begin with January’s rows February" in page.text
    begun = filer.post(f"{AT}/file/", act="begin", period="2026-02")["Location"]
    page = filer.page(begun)
    assert "Kept: sites, customers, products, methods" in page.text and "Left open: masses" in page.text
    rows = filer.client.get(begun.partition("?")[0] + "?file=rows").content.decode()
    assert "2026-02/O,origin,2026-02-05" in rows and "2026-02-S-1,shipment,2026-02-20,MAG-1-A,,L-1" in rows
    # Masses and the new lot are fields at once.
    assert {name.rpartition("-")[2] for name in names_of_fields(page)} >= {"mass_kg", "lot"}
    empty = filer.post(f"{AT}/file/", act="start", period="2026-02")["Location"]
    assert filer.press(empty, "begin").status_code == 303
    assert draft_at(empty).rows == 2


def test_downloads_are_files_and_hold_what_they_say(filer: Someone) -> None:
    address = filer.begin(origin("O-1", "L-1", composition=OVER))
    rows = filer.client.get(f"{address}?file=rows")
    assert rows["Content-Disposition"].startswith("attachment")
    assert b"O-1" in rows.content
    assert b"composition.over-100" in filer.client.get(f"{address}?file=problems").content
    assert filer.client.get(f"{address}?file=changes").status_code == 404
    file = draft_at(address).files.get()
    assert (
        filer.client.get(f"{address}files/{file.pk}/").content
        == file_of(origin("O-1", "L-1", composition=OVER)).content
    )
    workbook = filer.client.get(f"{AT}/file/template.xlsx")
    assert workbook.content.startswith(b"PK")
    assert filer.client.get(f"{AT}/file/copy/2025-13/").status_code == 400


def test_large_and_wrong_uploads_are_refused_in_words(filer: Someone) -> None:
    address = filer.post(f"{AT}/file/", act="start", period="2026-01")["Location"]
    big = SimpleUploadedFile("big.csv", b"x" * 3_000_000)
    assert filer.post(address, act="upload", revision=0, files=[big]).status_code == 303
    with override_settings(LODELINE_FILING_BYTES=1_000):
        larger = SimpleUploadedFile("big.csv", b"x" * 3_000_000)
        assert filer.post(address, act="upload", revision=1, files=[larger]).status_code == 400
    # Outside of tests a form is read before any page is asked, for the token against forged forms.
    nobody = Client(HTTP_HOST="localhost", enforce_csrf_checks=True)
    nobody.get("/en/account/login/")
    assert nobody.post(address, {"files": SimpleUploadedFile("big.csv", b"x" * 3_000_000)}).status_code == 400
    assert filer.press(address, "upload").status_code == 409
    assert filer.press(address, "no-such-button").status_code == 409
    assert filer.press(address, "cure:x").status_code == 409
    assert filer.post(f"{AT}/file/", act="start", period="2027-01").status_code == 409


def test_a_file_that_holds_no_table_is_no_nil_return(filer: Someone) -> None:
    address = filer.post(f"{AT}/file/", act="start", period="2026-01")["Location"]
    picture = SimpleUploadedFile("picture.png", b"\x89PNG\r\n\x1a\n" + b"0" * 200, "image/png")
    assert filer.post(address, act="upload", revision=0, files=[picture]).status_code == 303
    page = filer.page(address)
    assert "picture.png is neither CSV" in page.text and "No row was read." in page.text
    # There is nothing to save, and nothing is said to be nil.
    assert "nil return" not in page.text and "Save and check" not in page.text
    assert "未读取到任何行" in filer.page(address.replace("/en/", "/zh/")).text


@pytest.mark.parametrize("name", ["../../../outside.csv", "/etc/outside.csv", "..\\outside.csv", "a\x00.csv"])
def test_the_name_of_a_file_is_a_text(filer: Someone, tmp_path: Path, name: str) -> None:
    address = filer.post(f"{AT}/file/", act="start", period="2026-01")["Location"]
    sent = SimpleUploadedFile("plain.csv", file_of(origin("O-1", "L-1")).content)
    # Past the parts of the framework that clean a name when a file is made.
    sent.__dict__["_name"] = name
    assert filer.post(address, act="upload", revision=0, files=[sent]).status_code in (303, 400)
    for kept in draft_at(address).files.all():
        assert not {"/", "\\", "\x00"} & set(kept.name)
    assert list(tmp_path.parent.rglob("*outside.csv")) == []


def test_a_nil_return_is_filed_and_a_dropped_draft_says_so(filer: Someone) -> None:
    address = filer.post(f"{AT}/file/", act="start", period="2026-01")["Location"]
    filer.press(address, "nil")
    page = filer.page(address)
    assert "A nil return has no row." in page.text and "<table" not in page.html
    assert draft_at(address).accepted
    assert filer.press(address, "drop")["Location"] == f"{AT}/file/?said=dropped"
    assert filer.page(address).headings == ["This draft was thrown away"]
    assert filer.press(address, "nil").status_code == 409


def test_every_page_reads_in_chinese(filer: Someone, certifier: Someone) -> None:
    address = filer.begin(origin("O-1", "L-1", composition=OVER)).replace("/en/", "/zh/")
    assert filer.page(address).headings == ["1月申报（2月9日（周一）截止）有1处待处理"]
    for path in (
        f"/zh/firm/{FIRM}/file/",
        f"/zh/firm/{FIRM}/filings/",
        f"/zh/firm/{FIRM}/profiles/",
        f"{address}columns/",
    ):
        page = filer.page(path)
        assert page.lang == "zh-Hans"
        assert not re.search(r"\b(File|Draft|Columns|Filed|Save)\b", page.headings[0])


def test_a_workbook_whose_reader_dies_is_a_problem_that_no_look_repeats(
    filer: Someone, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[str] = []

    def dies(path: Path, file: str, limits: Limits) -> Sheet:
        del path, limits
        reads.append(file)
        return unreadable(problem(DIED, Where(file=file), detail="signal 6"))

    monkeypatch.setitem(READERS, ".xlsx", dies)
    address = filer.post(f"{AT}/file/", act="start", period="2026-01")["Location"]
    sent = SimpleUploadedFile("month.xlsx", b"PK" + address.encode())
    filer.post(address, act="upload", revision=0, files=[sent])
    asked = len(reads)
    assert "signal 6" in filer.page(address).text
    assert filer.client.get(f"{address}?file=rows").status_code == 200
    assert "month.xlsx" in filer.page(address).text
    assert len(reads) == asked
    filer.press(address, "check")
    assert len(reads) == asked + 1
    # What was sent in its place is read.
    again = SimpleUploadedFile("month.csv", file_of(origin("O-1", "ORE-1")).content)
    filer.press(address, "upload:replace", files=[again])
    assert "signal 6" not in filer.page(address).text


def test_a_draft_whose_check_went_down_with_its_process_says_so_and_is_read_by_no_view(
    filer: Someone, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        """The process is gone: nothing after it runs."""

    def dies(*_: Any, **__: Any) -> None:
        raise Killed

    address = filer.post(f"{AT}/file/", act="start", period="2026-01")["Location"]
    sent = file_of(origin("O-1", "ORE-1"))
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(draft_check, "judge", dies)
        filer.post(address, act="upload", revision=0, files=[SimpleUploadedFile(sent.name, sent.content)])
    with monkeypatch.context() as patch:
        patch.setattr("lodeline.web.pages.filing.draft.content_at", dies)
        assert "is being checked" in filer.page(address).text
        patch.setattr(clock, "now", lambda: NOW + timedelta(minutes=2))
        assert "could not be checked" in filer.page(address).text
    filer.press(address, "check")
    assert draft_at(address).state == Draft.State.OPEN
    assert draft_at(address).checked_revision == draft_at(address).revision


def test_a_workbook_of_two_far_cells_is_refused_on_its_page(filer: Someone) -> None:
    address = filer.post(f"{AT}/file/", act="start", period="2026-01")["Location"]
    filer.post(address, act="upload", revision=0, files=[SimpleUploadedFile("month.xlsx", workbook())])
    assert "XFD1048576" in filer.page(address).text
