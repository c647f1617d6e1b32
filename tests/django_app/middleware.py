"""Middleware that asks before and after; Django adapts it to neither kind."""

from __future__ import annotations

from typing import Any

from asgiref.sync import iscoroutinefunction
from django.utils.decorators import sync_and_async_middleware

from tests.django_app.asking import ask


@sync_and_async_middleware
def asking(get_response: Any) -> Any:
    if iscoroutinefunction(get_response):

        async def awaiting(request: Any) -> Any:
            ask("before")
            response = await get_response(request)
            ask("after")
            return response

        return awaiting

    def calling(request: Any) -> Any:
        ask("before")
        response = get_response(request)
        ask("after")
        return response

    return calling
