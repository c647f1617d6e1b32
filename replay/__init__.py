"""The same request again, with everything it asked answered from its cassette."""

from timetracer_otel.replay.replaying import replaying

__all__ = ["replaying"]
