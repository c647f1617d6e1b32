from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import migrations

OPERATIONS = []
if settings.POSTGRESQL:
    from django.contrib.postgres.operations import (
        HStoreExtension,
        TrigramExtension,
        UnaccentExtension,
    )

    OPERATIONS = [HStoreExtension(), TrigramExtension(), UnaccentExtension()]


class Migration(migrations.Migration):
    initial = True
    dependencies: ClassVar = []
    operations: ClassVar = OPERATIONS
