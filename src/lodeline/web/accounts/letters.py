"""Links that are handed over or mailed: to open an account, to choose a new password."""

from __future__ import annotations

import html
import logging
import smtplib

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse

from lodeline.office.invitations import Invited
from lodeline.office.models import User
from lodeline.regulation.parameter import load
from lodeline.web import format as written
from lodeline.web.language import TAGS
from lodeline.web.role_words import ROLE_NAMES
from lodeline.web.visit import Visit

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
        "role": visit.spoken(ROLE_NAMES[invitation.role]),
        "link": invitation_link(visit, invited),
        "until": written.moment(invitation.expires_at.isoformat(), visit.language, load().timezone),
    }
    message = EmailMessage(
        subject=visit.say("Invitation to Lodeline", "Lodeline 邀请"),
        body=html.unescape(render_to_string("account/email/invitation_message.txt", context)),
        to=[invitation.email],
    )
    try:
        message.send()
    except (OSError, smtplib.SMTPException) as error:
        _log.error("an invitation could not be sent: %s", type(error).__name__)
        return False
    return True
