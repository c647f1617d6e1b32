from __future__ import annotations

from django.apps import AppConfig


class Shop(AppConfig):
    name = "tests.django_orm.site"
    label = "shop"
