"""Where everything is."""

from __future__ import annotations

from django.urls import path
from parcels import views

urlpatterns = [
    path("", views.counter),
    path("parcels/<int:number>/", views.parcel),
    path("parcels/<int:number>/route", views.route),
    path("parcels/", views.send),
    path("depots.csv", views.depots),
]
