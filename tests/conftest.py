"""What every test may ask for."""

import os
import signal

pytest_plugins = ["pytester", "tests.fidelity", "tests.servers.fixtures"]

# pytest-xdist tells its workers, and what they start, of a terminal that is not there
for name in ("COLUMNS", "LINES"):
    os.environ.pop(name, None)

# a shell starts what runs in the background with Ctrl-C ignored, and so would be what tests start
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
