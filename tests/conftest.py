"""What every test may ask for."""

import base64
import os
import signal

pytest_plugins = ["pytester", "tests.fidelity", "tests.servers.fixtures"]

# pytest-xdist tells its workers, and what they start, of a terminal that is not there
for name in ("COLUMNS", "LINES"):
    os.environ.pop(name, None)

# every process that a test starts has this key, and none makes one in the home of who runs it
os.environ["TIMETRACER_KEY"] = base64.b64encode(b"a key that everybody may know ..").decode()

# a shell starts what runs in the background with Ctrl-C ignored, and so would be what tests start
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
