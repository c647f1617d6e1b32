"""``python -m timetracer_otel.cli``: the command where no script is on the path."""

from timetracer_otel.cli.main import main

main()
