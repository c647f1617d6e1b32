"""Django as projects have it: sessions, CSRF, messages, templates, middleware of both kinds."""

from __future__ import annotations

import os

SECRET_KEY = "secret"
DEBUG = os.environ.get("SITE_DEBUG") == "1"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "tests.django_app.urls"
INSTALLED_APPS = ["django.contrib.sessions", "django.contrib.staticfiles"]
STATIC_URL = "static/"
MIDDLEWARE = [
    "tests.django_app.middleware.asking",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.locmem.Loader",
                    {"page.html": "<p>{{ name }}</p>{% csrf_token %}"},
                )
            ],
            "context_processors": ["django.template.context_processors.request"],
        },
    }
]
SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
LOGGING_CONFIG = None
USE_TZ = True
