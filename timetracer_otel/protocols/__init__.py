"""One module a protocol: its interaction's shape, encoding, match key and title."""
