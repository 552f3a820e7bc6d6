"""What a password must be, said in both languages: the framework's rules, whose Chinese is not complete."""

from __future__ import annotations

from django.contrib.auth import password_validation as rules

from lodeline.language import text
from lodeline.web.accounts.lazy_text import lazy_text


class LongEnough(rules.MinimumLengthValidator):
    """Long enough; there is no rule for what kinds of characters. Source: NIST SP 800-63B, section 5.1.1.2."""

    def get_error_message(self) -> str:
        """What is told to who chose a shorter one."""
        n = self.min_length
        return str(
            lazy_text(
                text("The password is too short: at least {n} characters. Three or four words are easy to keep.", n=n)
            )
        )


class NotCommon(rules.CommonPasswordValidator):
    """Not among the twenty thousand that are tried first."""

    def get_error_message(self) -> str:
        """What is told to who chose one of them."""
        return str(lazy_text(text("This password is among those that are tried first.")))


class NotOneself(rules.UserAttributeSimilarityValidator):
    """Not like the own name or address."""

    def get_error_message(self) -> str:
        """What is told to who chose such a one."""
        return str(lazy_text(text("The password is too much like your name or address.")))
