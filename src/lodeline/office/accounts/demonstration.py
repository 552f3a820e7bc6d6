"""The demo's sample accounts: two officers of each role, since many acts need two; people of three firms; one of
another state's agency. All have one password: one press signs in with it, and the page that asks again shows it.
Never made elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError

from lodeline.errors import UserError
from lodeline.language import text
from lodeline.office.access import clock, rights
from lodeline.office.models import Membership, User
from lodeline.store.database import Database
from lodeline.store.law import law_now
from lodeline.store.opening import open_store
from lodeline.store.queries.accounts import most_exported_to, sample_firms

#: Sent by one press on the login page of the demo, shown where it is asked again, and good for nothing else.
PASSWORD: Final = "lodeline in the demo"
_SINCE: Final = date(2025, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleAccount:
    """A person of the demo. `firm`: belongs to the demo's magnet maker, to its supplier, to a firm about which the
    authority asks, to an agency of the state that most exports go to (`abroad`), or to the authority ("")."""

    email: str
    name: str
    name_zh: str
    role: str
    firm: str = ""


SAMPLE_ACCOUNTS: Final = (
    SampleAccount(email="filer@demo.example", name="Chen Wei", name_zh="陈伟", role="filer", firm="maker"),
    SampleAccount(email="certifier@demo.example", name="Wang Min", name_zh="王敏", role="certifier", firm="maker"),
    SampleAccount(email="admin@demo.example", name="Zhou Lan", name_zh="周兰", role="organisation-admin", firm="maker"),
    SampleAccount(email="supplier@demo.example", name="Liu Yang", name_zh="刘洋", role="filer", firm="supplier"),
    SampleAccount(email="questioned@demo.example", name="Guo Ning", name_zh="郭宁", role="filer", firm="questioned"),
    SampleAccount(email="analyst@demo.example", name="Lin Tao", name_zh="林涛", role="analyst"),
    SampleAccount(email="analyst-2@demo.example", name="Shen Qi", name_zh="沈琪", role="analyst"),
    SampleAccount(email="registrar@demo.example", name="Sun Jie", name_zh="孙洁", role="registrar"),
    SampleAccount(email="registrar-2@demo.example", name="Luo Yan", name_zh="罗燕", role="registrar"),
    SampleAccount(email="customs@demo.example", name="Gao Feng", name_zh="高峰", role="customs-officer"),
    SampleAccount(email="customs-2@demo.example", name="Qin Yue", name_zh="秦月", role="customs-officer"),
    SampleAccount(email="licensing@demo.example", name="He Jing", name_zh="何静", role="licensing-officer"),
    SampleAccount(email="licensing-2@demo.example", name="Fan Rui", name_zh="范睿", role="licensing-officer"),
    SampleAccount(email="quota@demo.example", name="Xu Bo", name_zh="徐博", role="quota-officer"),
    SampleAccount(email="quota-2@demo.example", name="Jiang Xin", name_zh="江欣", role="quota-officer"),
    SampleAccount(email="inspector@demo.example", name="Ma Li", name_zh="马丽", role="inspector"),
    SampleAccount(email="inspector-2@demo.example", name="Cui Bin", name_zh="崔斌", role="inspector"),
    SampleAccount(email="auditor@demo.example", name="Tang Yu", name_zh="唐宇", role="auditor"),
    SampleAccount(email="auditor-2@demo.example", name="Pan Hui", name_zh="潘慧", role="auditor"),
    SampleAccount(email="system@demo.example", name="Deng Hao", name_zh="邓浩", role="system-admin"),
    SampleAccount(email="system-2@demo.example", name="Yao Jun", name_zh="姚军", role="system-admin"),
    SampleAccount(email="agency@demo.example", name="Mori Aoi", name_zh="森葵", role="agency", firm="abroad"),
)


def assert_no_samples() -> None:
    """Raises UserError where this is a demo, or a store that was one and whose accounts are still open.

    The addresses are of a domain that nobody can have (RFC 2606, `.example`): no account of a person is meant by it.
    """
    samples = [one.email for one in SAMPLE_ACCOUNTS]
    if settings.LODELINE_DEMO or User.objects.filter(email__in=samples, is_active=True).exists():
        raise UserError(
            text(
                "sample accounts, whose password everybody can read, are not served beyond this machine: "
                "take LODELINE_HOSTS away, or serve a store that `lodeline init` has made, without "
                "LODELINE_DEMO"
            )
        )


def furnish(url: str, *, questioned: str = "") -> None:
    """Makes the accounts that are not there yet. The firm is the magnet maker that most deliveries wait for.

    `questioned`: the firm about which the authority asks; nobody of one is made without. Another server that starts on
    the same store at the same time may make them as well: each is made once.
    """
    database = Database(url)
    firms = {"": "", **sample_firms(database), **({"questioned": questioned} if questioned else {})}
    store = open_store(url)
    abroad = most_exported_to(database, besides=law_now(store).country)
    firms |= {"abroad": ""} if abroad else {}
    there = set(User.objects.values_list("email", flat=True))
    missing = [one for one in SAMPLE_ACCOUNTS if one.firm in firms and one.email not in there]
    if not missing:
        return
    # All have the one password that everybody may read: it is hashed once, and not for as long as it takes each.
    password = make_password(PASSWORD)
    for sample in missing:
        try:
            # An account and its membership together, so that whoever finds the one there finds the other too.
            with database.transaction():
                user = User.objects.create(
                    email=sample.email, name=sample.name, joined_at=clock.now(), password=password
                )  # fmt: skip
                role = Membership.objects.create(
                    user=user, organisation=firms[sample.firm], role=sample.role,
                    region=abroad if sample.firm == "abroad" else "", valid_from=_SINCE, granted_at=clock.now(),
                )  # fmt: skip
                rights.enter(store, "membership.grant", role.pk, by="", now=clock.now())
        except IntegrityError:
            if not User.objects.filter(email=sample.email).exists():
                raise
