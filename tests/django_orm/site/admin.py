from __future__ import annotations

from django.contrib import admin

from tests.django_orm.site import models


class BookAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # Django has no types of its own
    list_display = ("title", "price", "publisher", "created")
    list_filter = ("publisher",)
    search_fields = ("title",)
    date_hierarchy = "created"


admin.site.register(models.Book, BookAdmin)
admin.site.register([models.Author, models.Publisher, models.Tag])
