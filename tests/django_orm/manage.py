"""``python -m tests.django_orm.manage``: Django's command-line tool for the site."""

from __future__ import annotations

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.django_orm.site.settings")
    execute_from_command_line(sys.argv)
