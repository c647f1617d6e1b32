"""Views, synchronous and asynchronous; depots are asked over HTTP."""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST

DEPOTS = ("amsterdam", "berlin", "copenhagen")
DAYS = {"letter": 1, "parcel": 3}


def counter(request: HttpRequest) -> HttpResponse:
    """The page with the form; it knows how often it was seen."""
    request.session["seen"] = request.session.get("seen", 0) + 1
    return render(request, "counter.html", {"seen": request.session["seen"]})


def parcel(request: HttpRequest, number: int) -> JsonResponse:
    """Where a parcel is."""
    answer = httpx.get(f"{settings.DEPOTS_URL}/parcels/{number}")
    if answer.status_code == httpx.codes.NOT_FOUND:
        raise Http404(f"no parcel {number}")
    found = answer.json()
    return JsonResponse({**found, "days": DAYS[found["kind"]], "asked": timezone.now()})


async def route(request: HttpRequest, number: int) -> JsonResponse:
    """What each depot knows of a parcel; all are asked at once."""
    async with httpx.AsyncClient(base_url=settings.DEPOTS_URL) as client:

        async def known(depot: str) -> Any:
            return (await client.get(f"/depots/{depot}", params={"parcel": number})).json()

        stops = await asyncio.gather(*(known(depot) for depot in DEPOTS))
    return JsonResponse({"number": number, "stops": stops})


@require_POST
def send(request: HttpRequest) -> JsonResponse:
    """Take a parcel in: a form with the paper that goes along."""
    paper = request.FILES["paper"]
    digest = hashlib.sha256(paper.read()).hexdigest()
    label = {"to": request.POST["to"], "paper": digest, "reference": str(uuid.uuid4())}
    taken = httpx.post(f"{settings.DEPOTS_URL}/parcels", json=label).json()
    request.session["last"] = taken["number"]
    return JsonResponse({**label, **taken}, status=201)


def depots(request: HttpRequest) -> StreamingHttpResponse:
    """How full each depot is, line by line."""
    return StreamingHttpResponse(_lines(), content_type="text/csv")


def _lines() -> Iterator[str]:
    for depot in DEPOTS:
        known = httpx.get(f"{settings.DEPOTS_URL}/depots/{depot}", params={"parcel": 0}).json()
        yield f"{depot},{known['held']}\n"
