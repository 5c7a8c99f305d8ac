"""What the steps of a start need to know: addresses, keys, parameters of the template, environments of the parts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from local.engine.settings import ROOT, Settings, venv_python
from local.seed import FIRST_TENANT

STACK = "sidedesk"
REGION = "us-east-1"
API_ID = "51dede5c"  # eight hex digits: a fixed id keeps the address of the API stable
SENDER = "sidedesk@sidedesk.example"
APP_SECRET, MIGRATE_SECRET = "sidedesk/local/app", "sidedesk/local/migrate"
APP_ROLE = "sidedesk_app"

# A real service replaces its double by its address in the person's shell.
SERVICES = {
    "openai": ("OPENAI_BASE_URL", "/openai/v1"),
    "chatwoot": ("CHATWOOT_BASE_URL", "/chatwoot"),
    "intercom": ("INTERCOM_BASE_URL", "/intercom"),
    "n8n": ("N8N_BASE_URL", "/n8n"),
}
PASSED_ON = ("OPENAI_", "CHATWOOT_", "INTERCOM_", "N8N_", "SUPABASE_", "MASSIVE_AI_AUDIT_", "AI_CUSTOMER_", "SIDEDESK_")
NETWORK = (
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "http_proxy",
    "https_proxy",
)


def clean_environment(**more: str) -> dict[str, str]:
    """Like `env -i`: nothing of the person's shell but what every program needs, and how to reach the network."""
    kept = {name: os.environ[name] for name in ("HOME", *NETWORK) if name in os.environ}
    local = ",".join(filter(None, (os.environ.get("NO_PROXY") or os.environ.get("no_proxy"), "127.0.0.1,localhost")))
    basics = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1"}
    return {**kept, **basics, "NO_PROXY": local, "no_proxy": local, **more}


def passed_on() -> dict[str, str]:
    """The product's own variables in the person's shell: they set up the first tenant."""
    return {name: value for name, value in os.environ.items() if name.startswith(PASSED_ON)}


def sandbox_urls(port: int) -> dict[str, str]:
    base = f"http://127.0.0.1:{port}"
    return {name: os.environ.get(variable) or base + path for name, (variable, path) in SERVICES.items()}


def build(settings: Settings, ports: dict[str, int], keys: dict[str, str], urls: dict[str, str]) -> dict[str, Any]:
    """`urls`: the database as its owner (`admin`) and as the application (`app`)."""
    api, aws = f"http://127.0.0.1:{ports['api']}", f"http://127.0.0.1:{ports['aws']}"
    outside = sandbox_urls(ports["sandbox"])
    return {
        "stack": STACK,
        "region": REGION,
        "root": str(settings.template.parent),
        "template": str(settings.template),
        "state": str(settings.state),
        "python": str(venv_python("runtime")),
        "layers": str(ROOT / ".local" / "layers"),
        "ports": ports,
        "api": api,
        "aws": aws,
        "mail": f"{aws}/_sidedesk/mail",
        "sandbox": {"base": f"http://127.0.0.1:{ports['sandbox']}", **outside},
        "database_url": urls["app"],
        "admin_database_url": urls["admin"],
        "jwt_secret": keys["jwt_secret"],
        "service_key": keys["service_key"],
        "n8n_token": keys["n8n_token"],
        "secrets": {
            APP_SECRET: {"database_url": urls["app"], "jwt_secret": keys["jwt_secret"]},
            MIGRATE_SECRET: {"database_url": urls["admin"]},
        },
        "parameters": parameters(api, outside),
    }


def parameters(api: str, outside: dict[str, str]) -> dict[str, str]:
    """Local values by the template's names; only those it declares are given to it."""
    return {
        "Stage": "local",
        "PublicUrl": api,
        "AppSecretName": APP_SECRET,
        "MigrateSecretName": MIGRATE_SECRET,
        "N8nWebhookUrl": os.environ.get("N8N_WEBHOOK_URL") or f"{outside['n8n']}/webhook/massive-ai-audit",
        "JwtIssuer": f"{api}/auth/v1",
        "DatabasePrepares": "true",
        "DevSignIn": "true",
        "DevTenantId": str(FIRST_TENANT),
        "MailFrom": SENDER,
        "MailIdentity": SENDER,
    }


def engine_environment(state: Path, port: int) -> dict[str, str]:
    home = state / "aws"
    return clean_environment(
        PATH="/usr/local/bin:/usr/bin:/bin",
        AUTH="true",
        GATEWAY_PORT=str(port),
        BIND_HOST="127.0.0.1",
        MINISTACK_REGION=REGION,
        AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}",
        AWS_ACCESS_KEY_ID="test",
        AWS_SECRET_ACCESS_KEY="test",
        AWS_DEFAULT_REGION=REGION,
        PERSIST_STATE="1",
        STATE_DIR=str(home / "state"),
        S3_PERSIST="1",
        S3_DATA_DIR=str(home / "s3"),
        TMPDIR=str(home / "tmp"),
        LOG_LEVEL="WARNING",
        SFTP_ENABLED="0",
        IOT_MTLS_ENABLED="0",
        DOCKER_HOST="unix:///nonexistent/docker.sock",  # its containers are none of our business
        PYTHONPATH=str(ROOT),
    )
