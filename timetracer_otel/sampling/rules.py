"""The rules of the settings, and what they say of a request.

A request is kept when it passes every rule that is set. With `always_errors` one that failed
needs to pass only the rules of who asked what: paths, routes, headers, users. One that carries
a valid debug header is always kept.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from timetracer_otel.sampling.debug_header import DEBUG_HEADER, is_valid
from timetracer_otel.sampling.patterns import header_rule, matches, status_range
from timetracer_otel.sampling.quota import Quota
from timetracer_otel.sampling.rate import is_in_share

if TYPE_CHECKING:
    from timetracer_otel.settings import Settings

__all__ = ["Headers", "Request", "Rules", "path_refusal"]

Headers = Callable[[str], str | None]
"""A request header's value by its name in lower case; None where there is no such header."""


@dataclass(frozen=True, slots=True)
class Request:
    """What the rules may ask of a complete trace.

    One that no request from outside began has neither method, path, route, status nor headers.
    `failed`: it raised, answered 500 or more, or its span says so. `chosen`: by a debug header.
    """

    trace_id: int
    method: str
    path: str
    route: str
    status: int
    failed: bool
    duration_ms: float
    headers: Headers
    users: Collection[str]
    chosen: bool


def path_refusal(settings: Settings, path: str) -> str:
    """Why requests for `path` are left out, or an empty string."""
    excluded, included = settings.exclude_paths, settings.include_paths
    if excluded and matches(excluded, path):
        return "path"
    return "path" if included and not matches(included, path) else ""


class Rules:
    """What the settings say. `early` may be asked anywhere, `late` by the worker alone."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._statuses = [status_range(text) for text in settings.statuses]
        self._headers = [header_rule(text) for text in settings.headers]
        self._quota = Quota(settings.first_per_hour)
        rate_is_final = settings.sample_rate < 1 and not settings.always_errors
        self._early_rate = settings.sample_rate if rate_is_final else 1.0
        self.looks_early = bool(rate_is_final or self._headers or settings.debug_key)
        self.looks_late = (
            self.looks_early
            or settings.sample_rate < 1
            or settings.slower_than_ms > 0
            or settings.first_per_hour > 0
            or bool(settings.errors_only or settings.statuses or settings.users)
            or bool(settings.include_paths or settings.include_routes or settings.exclude_routes)
        )

    def chooses(self, headers: Headers, now: float) -> bool:
        """Whether the request carries a valid debug header."""
        key = self._settings.debug_key
        value = headers(DEBUG_HEADER) if key else None
        return value is not None and is_valid(value, key, now)

    def early(self, trace_id: int, headers: Headers) -> str:
        """Why a request is refused whatever comes of it, or an empty string."""
        if self._early_rate < 1 and not is_in_share(trace_id, self._early_rate):
            return "rate"
        return self._header_refusal(headers)

    def late(self, request: Request, now: float) -> str:
        """Why a complete trace is not kept, or an empty string."""
        if request.chosen:
            return ""
        refusal = self._who_asked_what(request)
        if refusal or (request.failed and self._settings.always_errors):
            return refusal
        return self._what_came_of_it(request) or self._how_many(request, now)

    def _who_asked_what(self, request: Request) -> str:
        settings = self._settings
        if settings.include_paths and not request.path:
            return "path"
        if settings.exclude_routes and matches(settings.exclude_routes, request.route):
            return "route"
        if settings.include_routes and not matches(settings.include_routes, request.route):
            return "route"
        if settings.users and not any(user in settings.users for user in request.users):
            return "user"
        return self._header_refusal(request.headers)

    def _header_refusal(self, headers: Headers) -> str:
        for name, search in self._headers:
            value = headers(name)
            if value is None or (search is not None and not search(value)):
                return "header"
        return ""

    def _what_came_of_it(self, request: Request) -> str:
        settings = self._settings
        if settings.errors_only and not request.failed:
            return "no error"
        if request.duration_ms < settings.slower_than_ms:
            return "fast"
        ranges = self._statuses
        if ranges and not any(first <= request.status <= last for first, last in ranges):
            return "status"
        return ""

    def _how_many(self, request: Request, now: float) -> str:
        settings = self._settings
        if settings.sample_rate < 1 and not is_in_share(request.trace_id, settings.sample_rate):
            return "rate"
        if settings.first_per_hour:
            route = (request.method, request.route or request.path)
            return "" if self._quota.takes(route, now) else "first per hour"
        return ""
