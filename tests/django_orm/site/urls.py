"""Each case is a page; and the pages of Django's own applications."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.serializers.json import DjangoJSONEncoder
from django.http import JsonResponse
from django.urls import path

from tests.django_orm.site.async_cases import ASYNC_CASES
from tests.django_orm.site.cases import CASES


class Encoder(DjangoJSONEncoder):
    def default(self, o: Any) -> Any:
        try:
            return super().default(o)
        except TypeError:
            return list(o) if hasattr(o, "__iter__") else repr(o)


def page(case: Callable[[Any], Any]) -> Callable[[Any], JsonResponse]:
    return lambda request: JsonResponse({"found": case(request)}, encoder=Encoder)


def async_page(case: Callable[[Any], Any]) -> Callable[[Any], Any]:
    async def view(request: Any) -> JsonResponse:
        return JsonResponse({"found": await case(request)}, encoder=Encoder)

    return view


pages = [path(name, page(case)) for name, case in CASES.items()]
pages += [path(name, async_page(case)) for name, case in ASYNC_CASES.items()]
if settings.POSTGRESQL:
    from tests.django_orm.site.postgresql_cases import POSTGRESQL_CASES

    pages += [path(name, page(case)) for name, case in POSTGRESQL_CASES.items()]

urlpatterns = [path("admin/", admin.site.urls), *pages]
