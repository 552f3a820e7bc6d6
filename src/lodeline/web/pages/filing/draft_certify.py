"""The page where a certifier reads what a month says and signs it: with a passkey, a certificate, or the password.

Whoever signs has proved lately who they are; what is signed is what this page shows, or nothing.
"""

from __future__ import annotations

import base64
import json
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from allauth.core import context
from allauth.mfa.webauthn.internal.auth import get_credentials, get_server
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse, HttpResponseRedirect
from fido2.webauthn import AuthenticationResponse, UserVerificationRequirement

from lodeline.errors import UserError
from lodeline.journal.certification import Certification, CertificationError, challenge
from lodeline.language import text
from lodeline.office.access import clock
from lodeline.office.filing import certify, drafts, filing_now
from lodeline.office.models import Draft
from lodeline.web.pages.common.signed_in import is_recent
from lodeline.web.pages.filing.draft import frame_of
from lodeline.web.pages.filing.draft_books import asked_about, in_the_books
from lodeline.web.pages.filing.draft_files import STATEMENT_NAME
from lodeline.web.parts.shell import show
from lodeline.web.parts.values import Notice
from lodeline.web.visit import NotHereError, Visit

State = Draft.State
_SIGNATURE_BYTES: Final = 16_384
#: How a certificate on P-256 or RSA signs; docs/howto/certify.md has the others.
_COMMAND: Final = "openssl dgst -sha256 -sign private.pem -out signature.bin"
_PASSKEY_TIMEOUT_MS: Final = 120_000


def firm_draft_certify(visit: Visit, organisation: str, draft: int) -> HttpResponse:
    """The page `firm/<organisation>/file/<draft>/certify/`; a form signs, or keeps the actor's certificates."""
    now = clock.now()
    try:
        found = drafts.find(visit.actor, organisation, draft)
    except drafts.UnknownDraftError as error:
        raise NotHereError(error.words) from error
    if found.state != State.ASKED:
        # Signed already, by this press or another; or taken back: the draft's own page says which.
        return HttpResponseRedirect(visit.url("firm-draft", organisation=organisation, draft=draft) or "/")
    if not is_recent(visit):
        return HttpResponseRedirect(f"/{visit.language}/account/reauthenticate/?{urlencode({'next': visit.here()})}")
    if visit.request.method != "POST":
        return _page(visit, found, now)
    try:
        return _act(visit, found, now)
    except (drafts.DraftError, CertificationError) as error:
        return _page(visit, drafts.find(visit.actor, organisation, draft), now, refused=error)


def _act(visit: Visit, draft: Draft, now: datetime) -> HttpResponse:
    post, organisation = visit.request.POST, draft.organisation
    verb, _, argument = post.get("act", "").partition(":")
    if verb == "add-certificate":
        certify.add_certificate(visit.actor, organisation, _sent(visit, "certificate"), now=now)
        return HttpResponseRedirect(visit.here() + "#certificate")
    if verb == "revoke":
        certify.revoke_certificate(visit.actor, organisation, int(argument) if argument.isdecimal() else -1, now=now)
        return HttpResponseRedirect(visit.here() + "#certificate")
    if post.get("sure") != "yes":
        raise certify.CertifyError(text("Tick that you have checked the filing, then sign."))
    signed = certify.statement(draft) or ""
    seen = int(post["revision"]) if post.get("revision", "").isdecimal() else -1
    made = {"passkey": _by_passkey, "certificate": _by_certificate, "password": _by_password}.get(verb)
    if made is None:
        raise certify.CertifyError(text("Choose how you sign."))
    certification = made(visit, signed, argument)
    held = certify.certify(visit.actor, draft, certification, signed=signed, seen=seen, now=now)
    filing_now.begin(held, now=now)
    return HttpResponseRedirect(visit.url("firm-draft", organisation=organisation, draft=draft.pk) or "/")


def _by_passkey(visit: Visit, signed: str, argument: str) -> Certification:
    """The assertion that the browser sent, verified against the passkeys that this person has registered."""
    del argument
    with context.request_context(visit.request):
        server = get_server()
        credentials = get_credentials(visit.request.user)
    _, state = server.authenticate_begin(
        credentials=credentials, user_verification=UserVerificationRequirement.REQUIRED, challenge=_challenge(signed)
    )
    try:
        answer = AuthenticationResponse.from_dict(json.loads(visit.request.POST.get("assertion", "")))
        credential = server.authenticate_complete(state, credentials, answer)
    except (ValueError, TypeError, KeyError) as error:
        raise certify.CertifyError(
            text("The passkey did not sign this filing. Try again; if the page was open for long, load it again first.")
        ) from error
    response = answer.response
    return Certification.by_passkey(
        certifier=visit.actor.pseudonym, cose_key=dict(credential.public_key),
        authenticator_data=bytes(response.authenticator_data), client_data=bytes(response.client_data),
        signature=bytes(response.signature),
    )  # fmt: skip


def _challenge(signed: str) -> bytes:
    return challenge(signed.encode())


def _by_certificate(visit: Visit, signed: str, argument: str) -> Certification:
    del signed, argument
    number = visit.request.POST.get("key", "")
    keys = [one for one in certify.certificates(visit.actor) if str(one.pk) == number]
    if not keys:
        raise certify.CertifyError(text("Choose one of your certificates."))
    signature = _sent(visit, "signature")
    return Certification.by_certificate(certifier=visit.actor.pseudonym, certificate=keys[0].der, signature=signature)


def _by_password(visit: Visit, signed: str, argument: str) -> Certification:
    """Allowed only where the operator says so: it binds nobody, and the receipt says that it does not."""
    del signed, argument
    if not password_allowed():
        raise certify.CertifyError(
            text("Signing by password alone is not allowed here.")
        )  # fmt: skip
    return Certification.by_password(certifier=visit.actor.pseudonym)


def password_allowed() -> bool:
    """Whether a certifier may confirm with the password alone: in the demo, or where LODELINE_CERTIFY is `password`."""
    return bool(settings.LODELINE_DEMO) or settings.LODELINE_CERTIFY == "password"


def _sent(visit: Visit, name: str) -> bytes:
    file = visit.request.FILES.get(name)
    if not isinstance(file, UploadedFile) or not file.size or file.size > _SIGNATURE_BYTES:
        raise certify.CertifyError(text("Choose the file; it has at most 16 kB."))
    return bytes(file.read())


def _page(visit: Visit, draft: Draft, now: datetime, *, refused: UserError | None = None) -> HttpResponse:
    notices = [] if refused is None else [Notice(kind="problem", text=visit.localized(refused.words))]
    second = _refusal(visit, draft)
    if second is not None:
        notices.append(Notice(kind="problem", text=second))
    summary = json.loads(draft.summary)
    question = asked_about(visit, summary)
    if question is not None:
        notices.append(Notice(kind="info", text=f"{question['headline']}. {question['cause']}"))
    frame = frame_of(visit, draft, now, notices=notices)
    signed = certify.statement(draft) or ""
    flags = [one for one in json.loads(draft.problems) if one["severity"] == "flag"]
    return show(
        visit, "lodeline/filing/firm_draft_certify.html",
        title=visit.text("Sign {month} for {firm_name}", month=frame['month'], firm_name=frame['firm_name']),
        status=200 if refused is None else 409, **frame,
        may_sign=second is None,
        sentences=[one[visit.language] for one in summary["sentences"]],
        books=in_the_books(visit, summary, json.loads(draft.counts)),
        rows=summary["rows"], events=summary["events"],
        flags=[one["message"][visit.language] for one in flags[:_FLAGS]], more_flags=max(0, len(flags) - _FLAGS),
        passkey=_passkey(visit, signed),
        certificates=_certificates(visit),
        password=password_allowed(),
        statement_file=STATEMENT_NAME, command=f"{_COMMAND} {STATEMENT_NAME}",
        who=visit.actor.name,
        by=draft.changed_by.name if draft.changed_by else "",
        certify_here=visit.here(),
        passkeys_at=f"/{visit.language}/account/2fa/webauthn/",
    )  # fmt: skip


#: Flags listed on the page; the draft's own page has them all at their rows.
_FLAGS: Final = 50


def _refusal(visit: Visit, draft: Draft) -> str | None:
    try:
        certify.require_second_person(draft, visit.actor)
    except certify.CertifyError as error:
        return visit.localized(error.words)
    return None


def _passkey(visit: Visit, signed: str) -> str | None:
    """What the script asks the browser for, as JSON; None where the person has no passkey."""
    with context.request_context(visit.request):
        credentials = get_credentials(visit.request.user)
        domain = get_server().rp.id
    if not credentials:
        return None
    return json.dumps(
        {
            "challenge": _text(_challenge(signed)),
            "rpId": domain,
            "timeout": _PASSKEY_TIMEOUT_MS,
            "credentials": [_text(one.credential_id) for one in credentials],
        }
    )


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _certificates(visit: Visit) -> list[dict[str, Any]]:
    return [_certificate(one) for one in certify.certificates(visit.actor)]


def _certificate(one: certify.Certificate) -> dict[str, Any]:
    return {"pk": one.pk, "name": one.name, "fingerprint": f"{one.fingerprint[:8]}…{one.fingerprint[-8:]}"}
