"""What every test may ask for."""

import os

pytest_plugins = ["pytester", "tests.fidelity", "tests.servers.fixtures"]

# pytest-xdist tells its workers, and what they start, of a terminal that is not there
for name in ("COLUMNS", "LINES"):
    os.environ.pop(name, None)
