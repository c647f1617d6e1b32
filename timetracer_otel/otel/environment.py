"""The environment that makes a Python process record itself.

Loaded by ``opentelemetry-instrument`` through the group ``opentelemetry_environment_variables``
before it becomes the application's process: the last moment to keep the stock distro from
asking for OTLP exporters that nobody installed or wanted.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from timetracer_otel.settings import Settings, environment_of

__all__ = ["quiet_stock_defaults", "recording_environment"]

_QUIET = {"OTEL_METRICS_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none"}


def recording_environment(settings: Settings, environ: Mapping[str, str]) -> dict[str, str]:
    """`environ` for a child that records (or replays) under auto-instrumentation.

    What the user has set stays: other exporters for traces run beside ours, metrics and logs
    go where they were told to go, and nowhere when nobody said.
    """
    child = {**environ, **environment_of(settings)}
    wanted = [name for name in child.get("OTEL_TRACES_EXPORTER", "").split(",") if name]
    if "timetracer" not in wanted:
        wanted = [name for name in wanted if name != "none"] + ["timetracer"]
    child["OTEL_TRACES_EXPORTER"] = ",".join(wanted)
    for name, value in {**_QUIET, "OTEL_PYTHON_DISTRO": "timetracer"}.items():
        child.setdefault(name, value)
    child["PYTHONPATH"] = _python_path(child.get("PYTHONPATH", ""))
    return child


def _python_path(present: str) -> str:
    """The auto-instrumentation's ``sitecustomize`` first, then the working directory."""
    spec = find_spec("opentelemetry.instrumentation.auto_instrumentation")
    folder = str(Path(spec.origin).parent) if spec is not None and spec.origin else ""
    parts = [part for part in present.split(os.pathsep) if part and part != folder]
    cwd = str(Path.cwd())
    if cwd not in parts:
        parts.insert(0, cwd)
    return os.pathsep.join([folder, *parts] if folder else parts)


def quiet_stock_defaults(arguments: Sequence[str]) -> None:
    """Set metrics and logs to ``none`` where our exporter is asked for and they are unset."""
    asked = [os.environ.get("OTEL_TRACES_EXPORTER", "")]
    for index, argument in enumerate(arguments):
        if argument.startswith("--traces_exporter"):
            _, separator, value = argument.partition("=")
            asked.append(value if separator else "".join(arguments[index + 1 : index + 2]))
    if any("timetracer" in value.split(",") for value in asked):
        for name, value in _QUIET.items():
            os.environ.setdefault(name, value)


if Path(sys.argv[0] if sys.argv else "").name == "opentelemetry-instrument":
    quiet_stock_defaults(sys.argv[1:])
