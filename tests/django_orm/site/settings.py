"""The settings of a project; its database and how it is used are in ``DATABASE``, as JSON."""

from __future__ import annotations

import json
import os
import sys

_DATABASE = json.loads(os.environ["DATABASE"])
if _DATABASE.pop("PYMYSQL", False):
    import pymysql

    pymysql.install_as_MySQLdb()

if _DATABASE.pop("PSYCOPG2", False):
    sys.modules["psycopg"] = None  # type: ignore[assignment]  # Django takes it where it is there

SECRET_KEY = "secret"
DEBUG = False
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "tests.django_orm.site.urls"
WSGI_APPLICATION = "tests.django_orm.site.wsgi.application"
DATABASES = {"default": _DATABASE}
POSTGRESQL = _DATABASE["ENGINE"].endswith("postgresql")
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    *(["django.contrib.postgres"] if POSTGRESQL else []),
    "tests.django_orm.site.apps.Shop",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]
STATIC_URL = "static/"
USE_TZ = True
# MariaDB knows no zones until they are loaded into it
TIME_ZONE = "UTC" if _DATABASE["ENGINE"].endswith("mysql") else "Europe/Berlin"
LANGUAGE_CODE = "en-us"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "kept"}}
LOGGING_CONFIG = None
