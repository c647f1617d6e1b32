"""What the server is told to serve: one of the applications, chosen by the environment."""

from __future__ import annotations

import logging
import os
import sys
from typing import Any

from tests.transparency import bare, framework

# the application's own way of logging: whoever configures it afterwards would be noticed
logging.basicConfig(stream=sys.stdout, format='["", "log", "%(name)s %(message)s"]', level="INFO")


def _made() -> Any:
    kind = os.environ["APPLICATION"]
    if kind == "bare":
        return bare.application
    made = getattr(framework, f"{kind}_application")()
    framework.APPLICATION = made
    return made


app = _made()
