"""aiohttp.web as a server, recorded and replayed."""
