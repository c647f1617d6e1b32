"""One module a library: where its payloads are seen. Each exports one `LIBRARY`."""
