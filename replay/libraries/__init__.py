"""One module a library: where its recorded answers are served. Each exports one `LIBRARY`."""
