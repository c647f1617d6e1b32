"""Applications of aiohttp.web: recorded and replayed."""
