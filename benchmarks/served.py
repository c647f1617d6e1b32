"""The measured application behind uvicorn: ``python served.py VARIANT UPSTREAM FOLDER``."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import uvicorn
from variants import VARIANTS

if __name__ == "__main__":
    name, upstream, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    VARIANTS[name](folder)
    import shop

    app = shop.make_app(upstream, shop.make_engine(str(folder / "items.db")))
    listening = socket.create_server(("127.0.0.1", 0))
    print(listening.getsockname()[1], flush=True)
    config = uvicorn.Config(app, log_level="warning", access_log=False)
    uvicorn.Server(config).run(sockets=[listening])
