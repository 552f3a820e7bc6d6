"""Links that are handed over or mailed: to open an account, to choose a new password, to change the address."""

from __future__ import annotations

import html
import logging
import smtplib

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse

from lodeline.office.access import clock
from lodeline.office.accounts.invitations import Invited
from lodeline.office.models import User
from lodeline.web.accounts.adapter import post_beside
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words.language import TAGS, Language
from lodeline.web.words.roles import ROLE_NAMES

_log = logging.getLogger(__name__)


def invitation_link(visit: Visit, invited: Invited) -> str:
    """The whole address of the page that accepts an invitation."""
    path = visit.url("invitation", token=invited.token)
    assert path is not None, "the page of an invitation exists"
    return visit.request.build_absolute_uri(path)


def new_password_link(visit: Visit, user: User) -> str:
    """The whole address where a person chooses a new password: good for a day, once."""
    key = default_token_generator.make_token(user)
    path = reverse("account_reset_password_from_key", kwargs={"uidb36": user_pk_to_url_str(user), "key": key})
    return visit.request.build_absolute_uri(path)


def post_invitation(visit: Visit, invited: Invited, organisation: str) -> bool:
    """Sends the link in the language of who invites; False where the mail server did not take it."""
    invitation = invited.invitation
    context = {
        "language": visit.language,
        "tag": TAGS[visit.language],
        "name": invitation.name,
        "inviter": visit.actor.name,
        "organisation": organisation,
        "role": visit.localized(ROLE_NAMES[invitation.role]),
        "link": invitation_link(visit, invited),
        "until": written.moment(invitation.expires_at.isoformat(), visit.language, visit.law.timezone),
    }
    message = EmailMessage(
        subject=visit.text("Invitation to Lodeline", "Lodeline 邀请"),
        body=html.unescape(render_to_string("account/email/invitation_message.txt", context)),
        to=[invitation.email],
    )
    try:
        message.send()
    except (OSError, smtplib.SMTPException) as error:
        _log.error("an invitation could not be sent: %s", type(error).__name__)
        return False
    return True


def post_email_link(visit: Visit, email: str, token: str) -> None:
    """Sends the link that proves a new address, beside the request, in the language of who asks."""
    path = visit.url("account-email", token=token)
    assert path is not None, "the page of the link exists"
    context = {"language": visit.language, "tag": TAGS[visit.language], "link": visit.request.build_absolute_uri(path)}
    post_beside(
        EmailMessage(
            subject=visit.text("A new address for your account at Lodeline", "Lodeline 账户更换邮箱"),
            body=html.unescape(render_to_string("account/email/email_link_message.txt", context)), to=[email],
        )
    )  # fmt: skip


def post_email_notice(visit: Visit, user: User, before: str) -> None:
    """Tells the old address that it is the account's no more, in the language of the person's mails."""
    language: Language = "zh" if user.language == "zh" else "en"
    context = {
        "language": language, "tag": TAGS[language], "timestamp": clock.now(),
        "ip": visit.request.META.get("REMOTE_ADDR"),
    }  # fmt: skip
    subject = {"en": "Your account at Lodeline has another address", "zh": "您的 Lodeline 账户已更换邮箱"}[language]
    body = html.unescape(render_to_string("account/email/email_changed_message.txt", context))
    post_beside(EmailMessage(subject=subject, body=body, to=[before]))
