"""Dates, times and durations, with the class of their time zone."""

from __future__ import annotations

import re
import sys
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from timetracer_otel.values.kinds import (
    Foreign,
    JsonValue,
    Leaf,
    MissingDriver,
    fields_of,
    text_of,
)
from timetracer_otel.values.opaque import clean_text, type_name

__all__ = ["MOMENTS"]

_ZONE_NAME = re.compile(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*")
_DURATION = re.compile(
    r"(-?)P(?:(\d{1,9})D)?(?:T(?:(\d{1,2})H)?(?:(\d{1,2})M)?(?:(\d{1,2})(?:\.(\d{6}))?S)?)?"
)
_OPTIONAL = ("fold", "zone", "name", "tzinfo")

_BSON = "bson.tz_util.FixedOffset"
_PSYCOPG2 = "psycopg2.tz.FixedOffsetTimezone"
"""What psycopg2 gave before 2.9; it still has the class."""

_FIXED_OFFSETS = {
    _BSON: Foreign(("bson.tz_util",), "FixedOffset", "pymongo", evidence="bson.decimal128"),
    _PSYCOPG2: Foreign(("psycopg2.tz",), "FixedOffsetTimezone", "psycopg2-binary"),
}


def _dump_moment(value: Any) -> JsonValue:
    """ISO 8601 text; an object where that text alone would give another tzinfo, or no fold."""
    iso = value.isoformat()
    zone = value.tzinfo
    if not value.fold and (zone is None or zone is UTC):
        return str(iso)
    payload: dict[str, JsonValue] = {"iso": iso}
    if value.fold:
        payload["fold"] = 1
    if zone is not None:
        payload |= _dump_zone(zone, value)
    return payload if len(payload) > 1 else str(iso)


def _dump_zone(zone: tzinfo, moment: Any) -> dict[str, JsonValue]:
    if isinstance(zone, ZoneInfo) and zone.key:
        return {"zone": zone.key}
    offset = moment.utcoffset()
    if offset is None:
        # A time of day in a zone whose offset depends on the date: there is nothing to keep.
        raise ValueError("a time zone without a name or an offset")
    if type(zone) is timezone:
        name = zone.tzname(None)
        return {} if name == timezone(offset).tzname(None) else {"name": clean_text(name)}
    kind = type_name(type(zone))
    # psycopg2 makes a name up where it was given none; the class must be given none again.
    given = getattr(zone, "_name", None) if kind == _PSYCOPG2 else moment.tzname()
    return {"tzinfo": kind} if given is None else {"name": clean_text(given), "tzinfo": kind}


def _load_moment(kind: Any, payload: JsonValue) -> object:
    if type(payload) is str:
        return kind.fromisoformat(payload)
    fields = fields_of(payload, "iso", optional=_OPTIONAL)
    moment = kind.fromisoformat(text_of(fields["iso"]))
    if fields.keys() & {"zone", "name", "tzinfo"}:
        moment = moment.replace(tzinfo=_load_zone(moment, fields))
    return moment.replace(fold=fields.get("fold", 0))


def _load_zone(moment: Any, fields: dict[str, Any]) -> tzinfo:
    """A tzinfo class we do not know becomes a fixed offset of the same name."""
    if "zone" in fields:
        return _named_zone(text_of(fields["zone"]))
    offset = moment.utcoffset()
    if offset is None:
        raise ValueError("a time zone without an offset")
    name = text_of(fields["name"]) if "name" in fields else None
    kind = text_of(fields.get("tzinfo", ""))
    if kind not in _FIXED_OFFSETS:
        return timezone(offset) if name is None else timezone(offset, name)
    if kind == _BSON and name == "UTC" and not offset:
        return _bson_utc()
    zone: tzinfo = _FIXED_OFFSETS[kind].load()(offset, name)
    return zone


def _bson_utc() -> tzinfo:
    """PyMongo's own instance: its class compares by identity."""
    _FIXED_OFFSETS[_BSON].load()
    utc: tzinfo = sys.modules["bson.tz_util"].utc
    return utc


def _named_zone(key: str) -> ZoneInfo:
    if not _ZONE_NAME.fullmatch(key):
        raise ValueError("not the name of a time zone")
    try:
        return ZoneInfo(key)
    except ZoneInfoNotFoundError as error:
        raise MissingDriver(
            f"the time zone `{key}` is not known to this system: pip install tzdata"
        ) from error


def _load_date(_kind: type, payload: JsonValue) -> date:
    return date.fromisoformat(text_of(payload))


def _dump_duration(value: timedelta) -> JsonValue:
    """ISO 8601: ``-P1DT2H3M4.000005S``."""
    sign, length = ("-", -value) if value.days < 0 else ("", value)
    minutes, seconds = divmod(length.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days = f"{length.days}D" if length.days else ""
    clock = f"{hours}H" if hours else ""
    clock += f"{minutes}M" if minutes else ""
    fraction = f".{length.microseconds:06}" if length.microseconds else ""
    clock += f"{seconds}{fraction}S" if seconds or fraction or not (days or clock) else ""
    return f"{sign}P{days}{'T' if clock else ''}{clock}"


def _load_duration(_kind: type, payload: JsonValue) -> timedelta:
    found = _DURATION.fullmatch(text_of(payload))
    if not found:
        raise ValueError("not an ISO 8601 duration in days and less")
    sign, *parts = found.groups("0")
    days, hours, minutes, seconds, micros = map(int, parts)
    length = timedelta(days, seconds, micros, minutes=minutes, hours=hours)
    return -length if sign == "-" else length


MOMENTS = (
    Leaf("$datetime", "datetime.datetime, ISO 8601", datetime, _dump_moment, _load_moment),
    Leaf("$date", "datetime.date, ISO 8601", date, date.isoformat, _load_date),
    Leaf("$time", "datetime.time, ISO 8601", time, _dump_moment, _load_moment),
    Leaf(
        "$timedelta",
        "timedelta, ISO 8601 duration",
        timedelta,
        _dump_duration,
        _load_duration,
    ),
)
