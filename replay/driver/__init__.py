"""Sends the recorded entry again: in this process, or to a server over loopback."""
