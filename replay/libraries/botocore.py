"""botocore: what it sends is its own; http.client's connections lead to the recording."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from timetracer_otel.capture.botocore import LIBRARY as CAPTURED
from timetracer_otel.errors import ReplayError
from timetracer_otel.patching import Patch

__all__ = ["LIBRARY"]


def _telling(original: Callable[..., Any]) -> Callable[..., Any]:
    """It takes every error that it does not know for one of the network's, and tries again."""

    @wraps(original)
    def send(self: Any, request: Any) -> Any:
        try:
            return original(self, request)
        except Exception as error:
            found = error.__context__
            if not isinstance(found, ReplayError):
                raise
        raise found

    return send


LIBRARY = CAPTURED.in_replay(
    changes=(*CAPTURED.changes, Patch("botocore.httpsession:URLLib3Session.send", _telling)),
)
