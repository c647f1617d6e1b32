"""Peers live in environments of their own; ours is the running one."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

__all__ = ["is_peer", "python_of"]

_ROOT = Path(__file__).parent.parent / ".cache" / "bench"
_SHOP = ["fastapi", "httpx", "sqlalchemy", "greenlet"]
_PEERS = {
    "timetracer16": ["timetracer==1.6.0", *_SHOP],
    "tusk": ["tusk-drift-python-sdk==0.1.29", *_SHOP],
    "files": ["cassetter==0.16.1", "vcrpy==9.4.2", "httpx"],
}


def is_peer(name: str) -> bool:
    """Whether a variant is somebody else's: it may be missing, and ours may not."""
    return name in _PEERS


def python_of(name: str) -> str:
    """The interpreter of a variant; a peer's environment is made on first use."""
    if name not in _PEERS:
        return sys.executable
    folder = _ROOT / name
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        print(f"installing {_PEERS[name][0]} into its own environment", file=sys.stderr)
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *_PEERS[name]], check=True)
        (folder / "complete").touch()
    return str(python)
