"""Every kind of secret and personal datum that is known. One more kind is one more entry."""

from timetracer_otel.redaction.kinds.credentials import CREDENTIALS
from timetracer_otel.redaction.kinds.kind import Kind
from timetracer_otel.redaction.kinds.national import NATIONAL
from timetracer_otel.redaction.kinds.payment import PAYMENT
from timetracer_otel.redaction.kinds.people import PEOPLE
from timetracer_otel.redaction.kinds.vendors import VENDORS

__all__ = ["BY_NAME", "KINDS", "Kind"]

KINDS: tuple[Kind, ...] = (*CREDENTIALS, *VENDORS, *PAYMENT, *NATIONAL, *PEOPLE)
"""In the order of trust: where two fit one stretch of text, the first is believed."""

BY_NAME: dict[str, Kind] = {kind.name: kind for kind in KINDS}
