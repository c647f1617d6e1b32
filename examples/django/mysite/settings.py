"""Settings. Sessions live in signed cookies: this service has no database of its own."""

from __future__ import annotations

import os

SECRET_KEY = os.environ.get("POST_SECRET", "for development only")
DEBUG = os.environ.get("POST_DEBUG") == "1"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "mysite.urls"
INSTALLED_APPS = ["django.contrib.messages", "django.contrib.sessions", "parcels"]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    }
]
SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
USE_TZ = True
DEPOTS_URL = os.environ.get("DEPOTS_URL", "http://127.0.0.1:8301")
