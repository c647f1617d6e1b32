"""The application for ASGI servers; it brings its database up to date before it serves."""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.django_orm.site.settings")

from django.core.asgi import get_asgi_application

application = get_asgi_application()

from tests.django_orm.site.start import up_to_date  # noqa: E402 - after the applications are loaded

up_to_date()
