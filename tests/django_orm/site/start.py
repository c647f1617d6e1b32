"""What containers run before they serve: migrations, the table of the cache, an account."""

from __future__ import annotations

from django.core.management import call_command

__all__ = ["up_to_date"]


def up_to_date() -> None:
    call_command("migrate", verbosity=0, interactive=False)
    call_command("createcachetable", verbosity=0)
    from django.contrib.auth.models import User

    if not User.objects.filter(username="ada").exists():
        User.objects.create_superuser("ada", "ada@example.com", "s3cret")
