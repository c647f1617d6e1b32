"""Print the Debian packages of the server programs that are not installed here, one a line."""

from tests.servers.programs import missing_packages

if __name__ == "__main__":
    print(*missing_packages(), sep="\n")
