"""Invitations, the people of a firm and of the authority, delegations, the own account."""

from __future__ import annotations

import re
from datetime import timedelta

import polars as pl
import pytest
from django.core import mail
from django.test import Client, override_settings
from tests.accounts import PASSWORD, person, with_app
from tests.office.register import REGISTER
from tests.web.signing_in import FIRM, LOGIN, SENDS, client, posted, sign_in, signed_in, who, words

from lodeline.office.access import clock
from lodeline.office.access.actor import NOBODY
from lodeline.office.accounts import on_server
from lodeline.office.accounts.invitations import invite
from lodeline.office.models import Delegation, OrganisationSettings, Proposal, User
from lodeline.regulation.parameter import load
from lodeline.service.entries.records import put_records
from lodeline.store.opening import open_store


def test_an_invitation_opens_the_account_and_signs_in(filer: User) -> None:
    head = person("head@firm.example", (FIRM, "organisation-admin"))
    one = invite(
        who(head), email="new@firm.example", name="New", organisation=FIRM, role="certifier",
        today=clock.today(load("cn").timezone), now=clock.now(),
    )  # fmt: skip
    path = f"/en/invitation/{one.token}/"
    page = client().get(path)
    assert page["Cache-Control"] == "no-store"
    assert "new@firm.example" in words(page)
    form = {"name": "New", "password": "short", "language": "en"}
    assert client().post(path, form).status_code == 400
    browser = client()
    assert browser.post(path, {**form, "password": PASSWORD})["Location"] == "/en/home/"
    assert browser.get("/en/home/")["Location"] == "/en/self/?first=second-factor"
    assert client().post(path, {**form, "password": PASSWORD}).status_code == 410
    assert client().get("/en/invitation/no-such-token/").status_code == 410


def test_an_invitation_is_not_accepted_by_somebody_else(filer: User) -> None:
    head = person("head@firm.example", (FIRM, "organisation-admin"))
    one = invite(
        who(head), email="new@firm.example", name="New", organisation=FIRM, role="filer",
        today=clock.today(load("cn").timezone), now=clock.now(),
    )  # fmt: skip
    assert signed_in().post(f"/en/invitation/{one.token}/").status_code == 410
    assert not User.objects.filter(email="new@firm.example").exists()


def people_of(role: str, email: str = "x@firm.example") -> Client:
    person(email, (FIRM, role))
    browser = client()
    browser.force_login(User.objects.get(email=email))
    return browser


def test_no_page_shows_a_link_and_the_server_prints_it_where_no_mail_goes(room: str) -> None:
    with override_settings(LODELINE_MFA="optional"):
        browser = people_of("organisation-admin")
        at = f"/en/firm/{FIRM}/people/"
        form = {"do": "invite", "name": "Chen", "email": "chen@firm.example", "role": "filer"}
        answer = browser.post(at, form)
        assert answer["Location"] == f"{at}?done=on-server"
        page = browser.get(answer["Location"])
        assert "lodeline accounts link" in words(page) and "invitation/" not in page.content.decode()
        (again,) = on_server.links("chen@firm.example", now=clock.now()).invited
        assert client().get(f"/en/invitation/{again.token}/").status_code == 200
        wrong = browser.post(at, {**form, "email": "no address", "role": ""})
        assert wrong.status_code == 400
        assert 'href="#f-email"' in wrong.content.decode()
        assert "Chen" in wrong.content.decode(), "what was typed stays"


def test_a_demo_has_the_link_where_it_was_started(room: str, caplog: pytest.LogCaptureFixture) -> None:
    with override_settings(LODELINE_MFA="optional", LODELINE_DEMO=True):
        browser = people_of("organisation-admin")
        form = {"do": "invite", "name": "Chen", "email": "chen@firm.example", "role": "filer"}
        answer = browser.post(f"/en/firm/{FIRM}/people/", form)
    assert answer["Location"].endswith("?done=in-log")
    link = re.search(r"http://127\.0\.0\.1/en/invitation/[\w-]{43}/", caplog.text)
    assert link is not None
    assert client().get(link[0]).status_code == 200


def test_an_invitation_goes_by_mail_where_there_is_a_server(room: str) -> None:
    mail.outbox = []
    with SENDS, override_settings(LODELINE_MFA="optional"):
        browser = people_of("organisation-admin")
        form = {"do": "invite", "name": "R&D", "email": "chen@firm.example", "role": "filer"}
        answer = browser.post(f"/zh/firm/{FIRM}/people/", form)
    assert answer.status_code == 303
    (letter,) = posted()
    assert "R&D" in letter.body
    assert "/zh/invitation/" in letter.body


def test_a_registrar_invites_the_first_administrator_of_a_firm(room: str, registrar: User) -> None:
    with override_settings(LODELINE_MFA="optional"):
        browser = signed_in(registrar.email)
        at = "/en/people/of/MAG-0009/"
        assert "Nobody acts for" in words(browser.get(at))
        form = {"do": "invite", "name": "Zhou", "email": "zhou@firm.example", "role": "organisation-admin"}
        assert browser.post(at, form).status_code == 303
        assert "zhou@firm.example" in words(browser.get(at))


def test_two_registrars_invite_an_official_of_a_region(room: str, registrar: User) -> None:
    mail.outbox = []
    second = person("second@authority.example", ("", "registrar"))
    with SENDS, override_settings(LODELINE_MFA="optional"):
        browser, other = signed_in(registrar.email), signed_in(second.email)
        sites = REGISTER["sites"].with_columns(region=pl.lit("CN-JX"))
        put_records(open_store(room), {**REGISTER, "sites": sites}, filed_at=clock.now())
        auditor = {"do": "invite", "name": "Zhou", "email": "zhou@a.example", "role": "auditor", "region": "CN-JX"}
        assert browser.post("/en/people/", {**auditor, "region": "Jiangxi"}).status_code == 400
        assert browser.post("/en/people/", auditor)["Location"] == "/en/people/?done=proposed"
        assert posted() == [] and "Invite Zhou: Auditor" in words(browser.get("/en/people/"))
        again = browser.post("/en/people/", {**auditor, "name": "Again"})
        assert again.status_code == 303, "another proposal of the same; the one that is confirmed counts"
        first = Proposal.objects.order_by("pk")[0]
        assert browser.post("/en/people/", {"do": "confirm", "proposal": first.pk}).status_code == 400
        assert "邀请Zhou：审计员" in words(other.get("/zh/people/"))
        assert other.post("/en/people/", {"do": "confirm", "proposal": first.pk})["Location"].endswith("?done=sent")
        (letter,) = posted()
        link = re.search(r"http://127\.0\.0\.1(/en/invitation/[\w-]{43}/)", letter.body)
        assert letter.to == ["zhou@a.example"] and link is not None
        assert client().get(link[1]).status_code == 200
        for page in (browser.get("/en/people/"), other.get("/en/people/")):
            assert link[1] not in page.content.decode()


def test_two_registrars_let_a_certifier_back_in_and_the_link_goes_to_the_certifier(room: str, registrar: User) -> None:
    mail.outbox = []
    second = person("second@authority.example", ("", "registrar"))
    lost = person("lost@firm.example", (FIRM, "certifier"))
    with_app(lost)
    theirs, there = f"/en/people/of/{FIRM}/{lost.pk}/", f"/en/people/of/{FIRM}/"
    with SENDS, override_settings(LODELINE_MFA="optional"):
        browser, other = signed_in(registrar.email), signed_in(second.email)
        assert browser.post(theirs, {"do": "let-back-in"})["Location"] == f"{theirs}?done=proposed"
        lost.refresh_from_db()
        assert lost.has_usable_password() and posted() == []
        number = Proposal.objects.get().pk
        assert browser.post(there, {"do": "confirm", "proposal": number}).status_code == 400
        assert f"Let {lost.name} back in" in words(other.get(there))
        assert other.post(there, {"do": "confirm", "proposal": number})["Location"] == f"{there}?done=sent"
        (letter,) = posted()
        link = re.search(r"http://127\.0\.0\.1(/en/account/password/reset/key/\S+)", letter.body)
        assert letter.to == [lost.email] and link is not None
        assert sign_in(client(), lost.email).status_code == 200
        theirs_now = client()
        at = theirs_now.get(link[1], follow=True).redirect_chain[-1][0]
        theirs_now.post(at, {"password1": "another horse battery", "password2": "another horse battery"})
        assert sign_in(theirs_now, lost.email, "another horse battery")["Location"] == "/en/home/"
        assert "confirmed the proposal to let lost back in" in words(theirs_now.get("/en/self/"))
        assert browser.get(f"/en/people/{registrar.pk}/").status_code == 200
        assert browser.post(f"/en/people/{registrar.pk}/", {"do": "let-back-in"}).status_code == 400
    head = people_of("organisation-admin")
    with override_settings(LODELINE_MFA="optional"):
        for path in ("/en/people/", f"/en/people/{registrar.pk}/", f"/en/people/of/{FIRM}/", theirs):
            assert head.get(path).status_code == 403, path
        assert head.post(f"/en/firm/{FIRM}/people/{lost.pk}/", {"do": "let-back-in"}).status_code == 403
        confirm = {"do": "confirm", "proposal": number}
        assert head.post(f"/en/firm/{FIRM}/people/", confirm).status_code == 403


def test_a_filer_sees_colleagues_and_changes_nothing(room: str) -> None:
    browser = people_of("filer")
    at = f"/en/firm/{FIRM}/people/"
    assert "Invite somebody" not in words(browser.get(at))
    form = {"do": "invite", "name": "Chen", "email": "chen@firm.example", "role": "filer"}
    assert browser.post(at, form).status_code == 403
    assert browser.post(at, {"do": "second-person", "second_person": "yes"}).status_code == 403
    assert browser.get("/en/firm/MAG-0002/people/").status_code == 403
    assert browser.get(f"/en/firm/{FIRM}/people/1/").status_code == 403
    assert not OrganisationSettings.objects.exists()


def test_an_administrator_ends_changes_and_gives_roles_of_the_own_firm_alone(room: str) -> None:
    with override_settings(LODELINE_MFA="optional"):
        browser = people_of("organisation-admin")
        theirs = person("theirs@other.example", ("MAG-0002", "filer"))
        own = person("own@firm.example", (FIRM, "filer"))
        at = f"/en/firm/{FIRM}/people/{own.pk}/"
        foreign = browser.post(at, {"do": "end", "membership": theirs.memberships.get().pk})
        assert foreign.status_code == 403
        assert browser.get(f"/en/firm/{FIRM}/people/{theirs.pk}/").status_code == 404
        assert browser.post(at, {"do": "grant", "role": "certifier"}).status_code == 303
        assert browser.post(at, {"do": "grant", "role": "registrar"}).status_code == 400
        first = own.memberships.order_by("pk")[0]
        assert browser.post(at, {"do": "end", "membership": first.pk}).status_code == 303
        assert browser.post(at, {"do": "end", "membership": "1 OR 1"}).status_code == 400
        assert who(own).roles(FIRM) == ("certifier", "filer"), "the last day is a day of it"
        assert who(theirs).roles("MAG-0002") == ("filer",)


def test_an_administrator_lets_another_organisation_file_and_ends_it(room: str) -> None:
    put_records(open_store(room), REGISTER, filed_at=clock.now())
    firm, agent = REGISTER["organisations"]["id"].to_list()[:2]
    with override_settings(LODELINE_MFA="optional"):
        person("head@firm.example", (firm, "organisation-admin"))
        clerk = person("clerk@agent.example", (agent, "filer"))
        browser = signed_in("head@firm.example")
        at = f"/en/firm/{firm}/delegations/"
        form = {"do": "delegate", "agent": "NOBODY-9", "valid_from": ""}
        refused = browser.post(at, form)
        assert refused.status_code == 400
        assert 'href="#f-agent"' in refused.content.decode()
        assert browser.post(at, {**form, "agent": agent, "valid_from": "31.3."}).status_code == 400
        assert browser.post(at, {**form, "agent": agent}).status_code == 303
        assert who(clerk).may("own.file", firm)
        assert "One other organisation files" in words(browser.get(at))
        assert signed_in(clerk.email).get(at).status_code == 200
        given = Delegation.objects.get()
        yesterday = clock.today(load("cn").timezone) - timedelta(days=1)
        end = {"do": "end", "delegation": given.pk, "last_day": yesterday}
        assert signed_in(clerk.email).post(at, end).status_code == 403
        assert browser.post(at, end).status_code == 303
        assert not who(clerk).may("own.file", firm)


def test_who_belongs_to_two_firms_changes_between_them_in_the_rail(room: str) -> None:
    person("two@firm.example", (FIRM, "filer"), ("MAG-0002", "filer"))
    browser = signed_in("two@firm.example")
    page = browser.get(f"/en/firm/{FIRM}/people/").content.decode()
    rail = page[page.index('<details class="person">') : page.index("</details>")]
    assert FIRM in rail
    assert "Filer" in rail


def test_the_own_page_shows_and_changes_the_own_data(filer: User) -> None:
    browser = signed_in()
    form = {"do": "profile", "name": "陈伟", "language": "zh"}
    assert browser.post("/en/self/", form)["Location"] == "/zh/self/?done=profile"
    filer.refresh_from_db()
    assert (filer.name, filer.language, filer.wants_mail) == ("陈伟", "zh", False)
    assert browser.post("/en/self/", {**form, "name": " "}).status_code == 400


def test_nobody_who_has_not_signed_in_sees_any_of_it(filer: User) -> None:
    for path in ("/en/self/", f"/en/firm/{FIRM}/people/", f"/en/firm/{FIRM}/delegations/"):
        assert client().get(path)["Location"].startswith(LOGIN)
    assert NOBODY.organisations == ()
