"""Views of every kind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import FileResponse, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import include, path, re_path
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from tests.django_app.asking import ask


def item(request: Any, number: int) -> Any:
    ask("view")
    request.session["seen"] = request.session.get("seen", 0) + 1
    return JsonResponse({"number": number, "seen": request.session["seen"]})


async def asynchronous(request: Any) -> Any:
    ask("view")
    await asyncio.sleep(0)
    return JsonResponse({"method": request.method, "body": len(request.body)})


def pooled(request: Any) -> Any:
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda n: ask(f"pooled {n}"), range(3)))
    return HttpResponse(b"pooled")


async def gathered(request: Any) -> Any:
    async def one(n: int) -> None:
        ask(f"gathered {n}")

    await asyncio.gather(*(one(n) for n in range(3)))
    return HttpResponse(b"gathered")


def page(request: Any) -> Any:
    return render(request, "page.html", {"name": "<Ada>"})


@csrf_exempt
def upload(request: Any) -> Any:
    file = request.FILES["paper"]
    return JsonResponse({"name": file.name, "size": len(file.read()), "to": request.POST["to"]})


def protected(request: Any) -> Any:
    return HttpResponse(b"posted")


def stream(request: Any) -> Any:
    def lines() -> Iterator[str]:
        for n in range(3):
            ask(f"chunk {n}")
            yield f"line {n}\n"

    return StreamingHttpResponse(lines())


async def astream(request: Any) -> Any:
    async def lines() -> AsyncIterator[str]:
        for n in range(3):
            ask(f"chunk {n}")
            yield f"line {n}\n"

    return StreamingHttpResponse(lines())


def file(request: Any) -> Any:
    return FileResponse(Path(__file__).open("rb"), filename="urls.py")


def fails(request: Any) -> Any:
    raise LookupError("nobody has thought of this")


async def afails(request: Any) -> Any:
    raise LookupError("nobody has thought of this")


def forbidden(request: Any) -> Any:
    raise PermissionDenied("no")


def suspicious(request: Any) -> Any:
    raise SuspiciousOperation("hm")


class Resource(View):
    async def get(self, request: Any, name: str) -> Any:
        ask("view")
        return JsonResponse({"name": name})


below = [re_path(r"^resources/(?P<name>[a-z]+)$", Resource.as_view())]

urlpatterns = [
    path("items/<int:number>/", item),
    path("async", csrf_exempt(asynchronous)),
    path("pooled", pooled),
    path("gathered", gathered),
    path("page", page),
    path("upload", upload),
    path("protected", protected),
    path("stream", stream),
    path("astream", astream),
    path("file", file),
    path("fails", fails),
    path("afails", afails),
    path("forbidden", forbidden),
    path("suspicious", suspicious),
    path("below/", include(below)),
]
