"""What the sandbox is told at start, read once."""

import os
from dataclasses import dataclass
from pathlib import Path

from local.sandbox import credentials


@dataclass(frozen=True)
class Config:
    host: str
    port: int
    data: Path
    sidedesk_url: str
    service_key: str
    n8n_token: str
    intercom_url: str
    intercom_token: str
    openai_url: str
    openai_key: str
    model: str

    @property
    def base(self) -> str:
        return f"http://{self.host}:{self.port}"


def load(host: str, port: int, data: Path) -> Config:
    base = f"http://{host}:{port}"
    env = os.environ.get
    return Config(
        host=host,
        port=port,
        data=data,
        sidedesk_url=env("SIDEDESK_URL", "http://127.0.0.1:8080").rstrip("/"),
        service_key=env("SIDEDESK_SERVICE_KEY", ""),
        n8n_token=env("N8N_WEBHOOK_TOKEN", credentials.N8N_WEBHOOK_TOKEN),
        intercom_url=env("N8N_INTERCOM_URL", f"{base}/intercom").rstrip("/"),
        intercom_token=env("N8N_INTERCOM_TOKEN", credentials.INTERCOM_TOKEN),
        openai_url=env("N8N_OPENAI_BASE_URL", f"{base}/openai/v1").rstrip("/"),
        openai_key=env("N8N_OPENAI_KEY", credentials.OPENAI_KEY),
        model=env("N8N_MODEL", "gpt-4o-mini"),
    )
