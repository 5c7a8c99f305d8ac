"""`python -m local.sandbox --port 8090 --data .local/sandbox`"""

import argparse
from pathlib import Path

import uvicorn

from local.sandbox import app, config


def main() -> None:
    parser = argparse.ArgumentParser(prog="local.sandbox", description="The outside world, on this machine.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--data", type=Path, default=Path(".local/sandbox"))
    asked = parser.parse_args()
    uvicorn.run(
        app.build(config.load(asked.host, asked.port, asked.data)),
        host=asked.host,
        port=asked.port,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=2,
    )


if __name__ == "__main__":
    main()
