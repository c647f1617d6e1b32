"""Where finished cassettes go: the span exporter and its stores."""
