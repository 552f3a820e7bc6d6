"""Links that are mailed to the person alone: to open an account, to choose a new password, to change the address.

No page shows one. Where no mail can go, a command on the server prints it (`lodeline accounts link`), and in a demo the
log of the server has it.
"""

from __future__ import annotations

import html
import logging
import smtplib
from typing import Final, Literal

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from lodeline.language import Language, text
from lodeline.office.access import clock
from lodeline.office.accounts.invitations import Invited
from lodeline.office.models import User
from lodeline.web.accounts.adapter import post_beside
from lodeline.web.server import configuration
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words.language import DJANGO_LANGUAGES, TAGS
from lodeline.web.words.roles import ROLE_NAMES

_log = logging.getLogger(__name__)


Sent = Literal["sent", "in-log", "on-server"]
_NEW_PASSWORD: Final = text("A new password for your account at Lodeline")


def invitation_path(language: str, token: str) -> str:
    """The address of the page that accepts an invitation, without the host."""
    return f"/{language}/invitation/{token}/"


def new_password_path(user: User) -> str:
    """The address where a person chooses a new password, without the host: good for a day, once."""
    key = default_token_generator.make_token(user)
    return reverse("account_reset_password_from_key", kwargs={"uidb36": user_pk_to_url_str(user), "key": key})


def sign_with(key: str) -> None:
    """Links of this process are signed with this key, as those of the server are."""
    settings.SECRET_KEY = key


def post_invitation(visit: Visit, invited: Invited, organisation: str) -> Sent:
    """Sends the link in the language of who invites; says where it is, for it is nowhere else."""
    invitation = invited.invitation
    link = visit.request.build_absolute_uri(invitation_path(visit.language, invited.token))
    context = {
        "language": visit.language,
        "tag": TAGS[visit.language],
        "name": invitation.name,
        "inviter": visit.actor.name,
        "organisation": organisation,
        "role": visit.localized(ROLE_NAMES[invitation.role]),
        "link": link,
        "until": written.moment(invitation.expires_at.isoformat(), visit.language, visit.law.timezone),
    }
    message = EmailMessage(
        subject=visit.text("Invitation to Lodeline"),
        body=html.unescape(render_to_string("account/email/invitation_message.txt", context)),
        to=[invitation.email],
    )
    return _post(message, link)


def post_new_password(visit: Visit, user: User) -> Sent:
    """Sends the link in the language of the person's mails; says where it is, for it is nowhere else."""
    language: Language = "zh" if user.language == "zh" else "en"
    with translation.override(DJANGO_LANGUAGES[language]):
        link = visit.request.build_absolute_uri(new_password_path(user))
        context = {"language": language, "tag": TAGS[language], "link": link}
        body = html.unescape(render_to_string("account/email/let_back_in_message.txt", context))
    return _post(EmailMessage(subject=_NEW_PASSWORD[language], body=body, to=[user.email]), link)


def _post(message: EmailMessage, link: str) -> Sent:
    if not settings.LODELINE_SENDS_MAIL:
        if settings.LODELINE_DEMO:
            _write(f"A demo sends no mail. For {', '.join(message.to)}: {link}")
            return "in-log"
        return "on-server"
    try:
        message.send()
    except (OSError, smtplib.SMTPException) as error:
        _log.error("a link could not be sent: %s", type(error).__name__)
        return "on-server"
    return "sent"


def _write(line: str) -> None:
    """Writes a line where the demo was started; its log is silent there unless it is asked for lines of JSON."""
    if configuration.current().log == "json":
        _log.warning(line)
    else:
        print(line, flush=True)


def post_email_link(visit: Visit, email: str, token: str) -> None:
    """Sends the link that proves a new address, beside the request, in the language of who asks."""
    path = visit.url("account-email", token=token)
    assert path is not None, "the page of the link exists"
    context = {"language": visit.language, "tag": TAGS[visit.language], "link": visit.request.build_absolute_uri(path)}
    post_beside(
        EmailMessage(
            subject=visit.text("A new address for your account at Lodeline"),
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
    subject = text("Your account at Lodeline has another address")[language]
    body = html.unescape(render_to_string("account/email/email_changed_message.txt", context))
    post_beside(EmailMessage(subject=subject, body=body, to=[before]))
