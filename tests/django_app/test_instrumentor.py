"""Contrib's instrumentor beside ours: it must not decide on the settings."""

from __future__ import annotations

import subprocess
import sys

from tests.wsgi.serving import ROOT, TIMETRACER

FOLDER = ROOT / "examples" / "django"
TELL = "from django.conf import settings; print(settings.ROOT_URLCONF, len(settings.MIDDLEWARE))"


def test_auto_instrumentation_leaves_the_settings_to_manage_py() -> None:
    command = [sys.executable, "manage.py", "shell", "-v", "0", "-c", TELL]
    ran = subprocess.run(
        [*TIMETRACER, "record", "--", *command],
        cwd=FOLDER,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stdout == "mysite.urls 5\n", ran.stderr
