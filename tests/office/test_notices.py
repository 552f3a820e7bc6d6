"""Notices are made once, told to whom they are for, and mailed without a word of what they are about."""

from __future__ import annotations

import re
import smtplib
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core import mail as django_mail
from django.test import override_settings
from tests.conftest import REPOSITORY
from tests.desk import Desk
from tests.office.trade import FIRMS, LATER, NOW, made_trade, member, person
from tests.stores import copied

from lodeline.office.access.actor import Actor, NotAllowedError, RoleGrant
from lodeline.office.filing.extensions import Wanted, grant
from lodeline.office.models import Mail, Membership, Notice, User
from lodeline.office.notices import mail
from lodeline.office.notices.kinds import KINDS
from lodeline.office.notices.notices import mark_read, notices_of, notify
from lodeline.office.overview.reminders import remind
from lodeline.regulation.parameter import load
from lodeline.store.opening import open_store
from lodeline.store.store import Store

pytestmark = pytest.mark.medium
SENDING = {
    "EMAIL_BACKEND": "django.core.mail.backends.locmem.EmailBackend", "LODELINE_SENDS_MAIL": True,
    "LODELINE_HOSTS": ["portal.example"],
}  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """The trade, with the office's tables, for one test; mail goes into `django.core.mail.outbox`."""
    path = copied(made_trade, str(tmp_path / "store.sqlite3"))
    django_mail.outbox = []
    with override_settings(LODELINE_DATABASE=path, **SENDING):
        opened = open_store(path)
        yield opened
        opened.database.close()


def kinds(firm: str) -> list[str]:
    return list(Notice.objects.filter(organisation=firm).order_by("id").values_list("kind", flat=True))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def name(organisation: str) -> str:
    return f"<{organisation}>"


def test_a_month_is_mentioned_five_days_before_the_day_before_and_when_it_is_late(store: Store) -> None:
    member(2, "MAG")
    moments = ("2025-02-03T09:00+08:00", "2025-02-04T09:00+08:00", "2025-02-05T09:00+08:00", "2025-02-08T09:00+08:00",
               "2025-02-09T23:00+08:00", "2025-02-10T00:01+08:00", "2025-02-11T00:01+08:00")  # fmt: skip
    seen = []
    for moment in moments:
        remind(at(moment), store)
        seen.append([kind for kind in kinds("MAG") if kind != "transfer-to-accept"])
    assert seen == [
        [], ["due-soon"], ["due-soon"], ["due-soon", "due-tomorrow"], ["due-soon", "due-tomorrow"],
        ["due-soon", "due-tomorrow", "late"], ["due-soon", "due-tomorrow", "late"],
    ]  # fmt: skip


def test_an_extended_month_is_told_once_with_its_reason_and_reminded_of_by_its_new_day(store: Store) -> None:
    member(2, "MAG")
    remind(at("2025-02-10T00:01+08:00"), store)
    registrar = Actor(user=2, pseudonym="r", standings=(RoleGrant(organisation="", role="registrar"),))
    wanted = Wanted(period="2025-01", until=date(2025, 2, 14), reason="The portal was down on 9 February.")
    grant(registrar, store, wanted, law=load("cn"), now=at("2025-02-10T08:00+08:00"))
    for moment in ("10T09:00", "10T10:00", "13T09:00", "15T09:00"):
        remind(at(f"2025-02-{moment}+08:00"), store)
    news = [kind for kind in kinds("MAG") if kind != "transfer-to-accept"]
    assert news == ["late", "deadline-extended", "due-soon", "due-tomorrow", "late"]
    extended = next(one for one in notices_of(person("MAG", "filer"), "MAG", name) if one.kind == "deadline-extended")
    assert "14 February 2025" in extended.text["en"] and "The portal was down" in extended.text["zh"]


def test_reminding_again_makes_nothing_new(store: Store) -> None:
    for number, firm in enumerate(FIRMS, start=2):
        member(number, firm)
    assert remind(LATER, store) > 0
    assert remind(LATER, store) == 0
    assert remind(LATER + timedelta(minutes=5), store) == 0


def test_who_has_filed_is_not_reminded_of_the_month(store: Store) -> None:
    member(2, "SEP")
    remind(at("2025-02-09T09:00+08:00"), store)
    assert kinds("SEP") == ["transfer-to-accept"]


def test_nobody_is_told_where_nobody_can_sign_in(store: Store) -> None:
    user = member(2, "MAG")
    Membership.objects.filter(user=user).update(valid_to=NOW.date() - timedelta(days=1))
    assert remind(NOW, store) == 0


def test_deliveries_are_mentioned_once_a_day_and_only_new_ones(store: Store) -> None:
    member(2, "SEP")
    desk = Desk(store)
    remind(NOW, store)
    desk.rows("TRADE", "2025-02", "S7 shipment 3 trade MINE/ORE 5 counterparty=SEP")
    remind(NOW + timedelta(hours=1), store)
    assert kinds("SEP") == ["transfer-to-accept"], "one a day"
    remind(NOW + timedelta(days=1), store)
    assert kinds("SEP") == ["transfer-to-accept"] * 2
    remind(NOW + timedelta(days=2), store)
    assert kinds("SEP") == ["transfer-to-accept"] * 2, "nothing has come since"


def test_what_is_past_both_deadlines_is_mentioned_once_for_its_month(store: Store) -> None:
    member(2, "SEP")
    remind(LATER, store)
    (notice,) = Notice.objects.filter(kind="exception-ageing")
    assert notices_of(person("SEP", user=2), "SEP", name)[0].text["en"].startswith("2 transfers of January 2025")
    assert notice.organisation == "SEP"


def test_a_counterpartys_correction_is_told_to_whom_it_touches(store: Store) -> None:
    for number, firm in enumerate(FIRMS, start=2):
        member(number, firm)
    desk = Desk(store)
    entry = next(one.index for one in store.entries() if one.organisation == "TRADE")
    desk.rows("TRADE", "2025-01", "S4 void", corrects=entry)
    remind(NOW, store)
    assert kinds("SEP").count("corrected-by-counterparty") == 1, "a withdrawn shipment touches its receiver"
    assert "corrected-by-counterparty" not in kinds("MINE") + kinds("MAG") + kinds("TRADE")
    says = next(
        one for one in notices_of(person("SEP", user=2), "SEP", name) if one.kind == "corrected-by-counterparty"
    )
    assert says.text["en"].startswith("<TRADE> has corrected its filing of January 2025")


def test_what_is_for_a_role_is_told_to_who_has_it_alone(store: Store) -> None:
    member(2, "MAG", "certifier")
    member(3, "MAG", "filer")
    asked = {"period": "2025-01", "draft": 7}
    notify("MAG", "certification-asked", asked, key="certify:7:1", now=NOW, role="certifier")
    assert not notify("MAG", "certification-asked", asked, key="certify:7:1", now=NOW, role="certifier")
    (one,) = notices_of(person("MAG", "certifier", user=2), "MAG", name)
    assert (one.page, one.facts["draft"]) == ("firm-draft", 7)
    assert notices_of(person("MAG", user=3), "MAG", name) == []
    mail.send(NOW)
    assert [one.to for one in django_mail.outbox] == [["p2@test.example"]]


def unread(actor: Actor, firm: str) -> int:
    """How many notices of a firm somebody has not read."""
    return sum(not one.read for one in notices_of(actor, firm, name))


def test_what_is_read_is_read_by_one_person(store: Store) -> None:
    member(2, "MAG")
    remind(NOW, store)
    first, second = person("MAG"), person("MAG", user=2)
    before = unread(first, "MAG")
    assert before == len(notices_of(first, "MAG", name)) > 1
    one = notices_of(first, "MAG", name)[0].notice
    assert mark_read(first, "MAG", [one], now=NOW) == 1
    assert mark_read(first, "MAG", [one], now=NOW) == 0
    assert [notices_of(first, "MAG", name)[-1].notice, unread(first, "MAG"), unread(second, "MAG")] == [
        one,
        before - 1,
        before,
    ]
    assert mark_read(first, "MAG", None, now=NOW) == before - 1
    assert unread(first, "MAG") == 0


def test_notices_of_others_are_closed(store: Store) -> None:
    notify("SEP", "late", {"period": "2025-01", "last_day": "2025-02-09"}, key="a", now=NOW)
    number = Notice.objects.get().pk
    assert mark_read(person("MAG"), "MAG", [number], now=NOW) == 0
    for ask in (unread, lambda actor, firm: notices_of(actor, firm, name)):
        with pytest.raises(NotAllowedError):
            ask(person("MAG"), "SEP")


FACTS = {
    "period": "2025-01", "last_day": "2025-02-09", "days": 4, "count": 3, "other": "SEP", "event": "S3", "draft": 1,
    "until": "2025-03-01", "why": "the scale", "dispute": 1, "reason": "an outage.",
    "finding": "ab" * 32, "decided": "explained", "entry": 7, "certifier": "ab12",
    "case": "cd34", "became": "released",
    "run": "R-7", "licence": "LIC-1", "declaration": "D-9", "line": "1", "mass_kg": "6",
    "site": "sep", "on": "2025-02-03", "act": "count", "deed": "suspended", "holder": "MAG",
    "what": "role", "role": "auditor", "person": "ab", "by": "cd",
}  # fmt: skip
DECIDED = {"customs-query-decided": "closed", "application-decided": "granted"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [1, 3])
def test_every_kind_has_a_sentence_in_both_languages(kind: str, count: int) -> None:
    facts = {**FACTS, "count": count, "days": count, "decided": DECIDED.get(kind, FACTS["decided"])}
    says = KINDS[kind].text(facts, name)
    assert says["en"].endswith((".", "scale")) and says["en"].isascii() != says["zh"].isascii()
    assert "1 deliveries" not in says["en"]


def test_every_kind_is_explained() -> None:
    table = (REPOSITORY / "docs/reference/notices.md").read_text("utf-8")
    assert set(re.findall(r"^\| `([a-z-]+)` ", table, re.MULTILINE)) == set(KINDS)


def test_one_digest_a_day_in_ones_own_language(store: Store) -> None:
    member(2, "MAG")
    member(3, "MAG", language="zh")
    member(4, "MAG", wants_mail=False)
    remind(NOW, store)
    assert mail.send(at("2025-02-07T07:59+08:00")) == 0, "not before the hour"
    assert mail.send(NOW) == 2
    assert mail.send(NOW + timedelta(hours=5)) == 0
    english, chinese = sorted(django_mail.outbox, key=lambda one: one.to)
    assert "https://portal.example/en/firm/MAG/?kind=notice" in english.body
    assert "有月份即将截止申报" in chinese.body and "https://portal.example/zh/" in chinese.body
    assert mail.send(NOW + timedelta(days=1)) == 0, "nothing is new"
    notify("MAG", "late", {"period": "2025-01", "last_day": "2025-02-09"}, key="late", now=NOW + timedelta(days=1))
    assert mail.send(NOW + timedelta(days=1, hours=1)) == 2


def test_what_is_read_in_the_portal_is_not_mailed(store: Store) -> None:
    member(2, "MAG")
    remind(NOW, store)
    mark_read(person("MAG", user=2), "MAG", None, now=NOW)
    assert mail.send(NOW) == 0


def test_the_day_before_the_deadline_does_not_wait_for_the_digest(store: Store) -> None:
    member(2, "MAG")
    midnight = at("2025-02-08T00:10+08:00")
    remind(midnight, store)
    assert mail.send(midnight) == 1
    assert "due by tomorrow" in django_mail.outbox[0].body
    assert mail.send(midnight + timedelta(minutes=5)) == 0


def test_a_mail_says_nothing_of_whom_or_of_how_much(store: Store) -> None:
    for number, firm in enumerate(FIRMS, start=2):
        member(number, firm)
    for kind in KINDS:
        notify("MAG", kind, FACTS, key=kind, now=NOW)
    assert mail.send(NOW) == 1 + sum(kind.at_once for kind in KINDS.values()), "the digest, and what cannot wait"
    for message in django_mail.outbox:
        # The link that ends the mails has a token of letters that mean nothing.
        text = re.sub(r"https://\S+/mail/end/\S+", "", f"{message.subject}\n{message.body}")
        assert message.to == ["p5@test.example"]
        hidden = ("MINE", "TRADE", "SEP", "S3", "scale", "January", "1月", "kg", "千克")
        assert [word for word in hidden if word in text] == []


def test_a_mail_that_fails_is_sent_the_next_time(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    member(2, "MAG")
    remind(NOW, store)

    def refuse(*_: Any, **__: Any) -> int:
        raise smtplib.SMTPServerDisconnected

    with monkeypatch.context() as broken:
        broken.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", refuse)
        assert mail.send(NOW) == 0
    assert not Mail.objects.exists()
    assert mail.send(NOW) == 1


def test_without_a_mail_server_nothing_is_sent_or_claimed(store: Store) -> None:
    member(2, "MAG")
    remind(NOW, store)
    with override_settings(LODELINE_SENDS_MAIL=False):
        assert mail.send(NOW) == 0
    assert not Mail.objects.exists()


def test_the_link_of_a_mail_ends_the_mails_of_its_person_alone(store: Store) -> None:
    member(2, "MAG")
    member(3, "MAG")
    remind(NOW, store)
    mail.send(NOW)
    first = next(one for one in django_mail.outbox if one.to == ["p2@test.example"])
    link = first.extra_headers["List-Unsubscribe"].strip("<>")
    assert link in first.body
    token = link.rstrip("/").rpartition("/")[2]
    assert mail.end(token) is not None
    assert list(User.objects.filter(pk__in=[2, 3]).order_by("pk").values_list("wants_mail", flat=True)) == [False, True]
    assert mail.end(token[:-1] + ("A" if token[-1] != "A" else "B")) is None
