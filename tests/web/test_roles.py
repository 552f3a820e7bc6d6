"""The portal has the roles and kinds of quota that the register has, each in both languages."""

from __future__ import annotations

import re
from typing import get_args, get_type_hints

from tests.web.conftest import Browser

from lodeline.cli.run import Kind
from lodeline.ledger.roles import QUOTAS, ROLES
from lodeline.web.api.runs import RunIn
from lodeline.web.words import words


def test_the_form_of_an_organisation_offers_every_role(browser: Browser) -> None:
    for language in ("en", "zh"):
        page = browser.page(f"/{language}/register/new/")
        offered = [tag for tag in re.findall(r"<input[^>]*>", page.html) if 'name="roles"' in tag]
        assert [re.findall(r'value="([^"]*)"', tag) for tag in offered] == [[one] for one in ROLES]
        assert all(words.ROLES[one][language] in page.text for one in ROLES)


def test_every_door_of_planned_runs_knows_the_kinds_of_quota() -> None:
    assert list(QUOTAS) == [one.value for one in Kind] == list(get_args(get_type_hints(RunIn)["kind"]))
    assert list(QUOTAS) == list(words.QUOTA_KINDS)
