"""What every test may ask for."""

pytest_plugins = ["pytester", "tests.fidelity", "tests.servers.fixtures"]
