"""Which requests are kept: pure decisions about what is known of a request, and why not."""
