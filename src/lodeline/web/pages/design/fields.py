"""Fields of forms in every state, as the design page shows them."""

from __future__ import annotations

from django import forms

from lodeline.web.parts.values import Field
from lodeline.web.visit import Visit


def fields(visit: Visit) -> list[Field]:
    """Fields of each kind as they are filled in, and those that cannot be."""
    text = visit.text
    sites = [("A", text("Sample plant, north")), ("B", text("Sample plant, south"))]
    return [
        Field(
            name="firm",
            label=text("Name", context="design"),
            required=True,
            value=text("Sample Magnetics"),
            width="long",
        ),
        Field(
            name="mass",
            label=text("Mass, kg", context="design"),
            required=True,
            inputmode="decimal",
            width="short",
            hint=text("Dry mass, as weighed."),
        ),
        Field(name="lot", label=text("Lot"), suggestions=["N42SH-0417", "N38-0399"]),
        Field(name="day", label=text("Day"), kind="date", value="2026-10-31", required=True, width="short"),
        Field(name="site", label=text("Site"), kind="select", options=sites, value="B", required=True),
        Field(name="reason", label=text("Reason", context="design"), kind="textarea", width="long"),
        Field(name="kind", label=text("What kind"), kind="radio", options=sites, value="A", required=True),
        Field(
            name="second",
            label=text("A second person certifies"),
            kind="checkbox",
            checked=True,
            hint=text("Whoever prepares a filing then cannot sign it."),
        ),
        Field(name="file", label=text("A file"), kind="file", width="long"),
        Field(name="fixed", label=text("Cannot be changed here"), value="MAG-0001", readonly=True),
        Field(name="closed", label=text("Not open now"), value="–", disabled=True),
        Field(
            name="long",
            required=True,
            label=text(
                "A label as long as none should ever be, and goes on into a second line where the screen is narrow"
            ),
        ),
    ]


def faulty_fields(visit: Visit) -> list[Field]:
    """Fields with something wrong."""
    text = visit.text
    needed = text("Choose a site.")
    return [
        Field(
            name="bad-mass",
            label=text("Mass, kg", context="design"),
            required=True,
            value="48,2OO",
            width="short",
            errors=[text("This is no number: write it like 48200 or 48 200.5.")],
        ),
        Field(
            name="bad-site",
            label=text("Site"),
            kind="select",
            options=[("", "–")],
            errors=[needed],
            required=True,
        ),
        Field(
            name="bad-reason",
            label=text("Reason", context="design"),
            kind="textarea",
            required=True,
            hint=text("It is kept with the entry."),
            errors=[text("Say why.")],
        ),
        Field(
            name="bad-kind",
            label=text("What kind"),
            kind="radio",
            required=True,
            errors=[needed],
            options=[("A", text("North")), ("B", text("South"))],
        ),
        Field(
            name="bad-sure",
            label=text("I have checked this filing."),
            kind="checkbox",
            errors=[text("Confirm it to go on.")],
        ),
    ]


def account_form(visit: Visit) -> forms.Form:
    """A form of Django's own, as the account pages have them."""
    text = visit.text
    form = forms.Form({"email": "chen.wei"}, auto_id="account-%s")
    form.fields = {
        "email": forms.EmailField(label=text("E-mail"), error_messages={"invalid": text("This is no address.")}),
        "password": forms.CharField(
            label=text("Password"),
            widget=forms.PasswordInput,
            required=False,
            help_text=text("At least 12 characters."),
        ),
        "remember": forms.BooleanField(label=text("Stay signed in"), required=False),
    }
    return form


def upload(visit: Visit) -> Field:
    """A place for files."""
    return Field(
        name="files",
        kind="file",
        multiple=True,
        accept=".csv,.xlsx,.json",
        label=visit.text("Files of the month"),
        hint=visit.text("CSV, XLSX or JSON, as your system exports them."),
    )
