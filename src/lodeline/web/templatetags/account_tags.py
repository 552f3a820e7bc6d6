"""A filter of the account pages: what a script needs, as an attribute."""

from __future__ import annotations

import json
from typing import Any

from django import template
from django.core.serializers.json import DjangoJSONEncoder

register = template.Library()


@register.filter
def as_json(value: Any) -> str:
    """JSON, to be escaped like any text."""
    return json.dumps(value, cls=DjangoJSONEncoder)
