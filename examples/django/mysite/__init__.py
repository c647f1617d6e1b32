"""A parcel service on Django."""
