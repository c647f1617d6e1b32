"""``timetracer libraries``: what would be captured here, what would not, and why."""

from __future__ import annotations

from timetracer_otel.cli.wording import examples

__all__ = ["EXAMPLES", "libraries"]

EXAMPLES = examples("timetracer libraries")


def libraries() -> int:
    """List the libraries that can be captured, and what is installed of them.

    As the Python that runs this command has them, under the settings of this folder.
    """
    import timetracer_otel.capture
    from timetracer_otel.libraries import NOT_INSTALLED, library_modules, status_of
    from timetracer_otel.settings import read_settings

    settings = read_settings()
    known = library_modules(timetracer_otel.capture)
    statuses = [status_of(one, settings.capture, settings.switched_off) for one in known]
    width = max(len(status.name) for status in statuses)
    for status in statuses:
        said = status.version or "comes with Python"
        if not status.captured:
            said = status.reason
            if status.reason != NOT_INSTALLED:
                said = f"{status.version} not captured: {status.reason}".strip()
        print(f"{status.name:{width}}  {said}")
    return 0
