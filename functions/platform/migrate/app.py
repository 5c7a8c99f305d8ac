"""Migrate: bring the database to this release's schema. Run on deploy, before and after the code ships."""

from typing import Any

from sidedesk.platform import secrets
from sidedesk.platform.migrate import migrate
from sidedesk.platform.observability import logger
from sidedesk.platform.settings import MigrateSettings, load


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001
    settings = load(MigrateSettings)
    owner_url = settings.migration_database_url or secrets.read(settings.migrate_secret_name)["database_url"]
    app_url = settings.app_database_url or secrets.read(settings.app_secret_name)["database_url"]
    phases = ("pre", "post") if event.get("phase") is None else (str(event["phase"]),)
    applied = migrate(owner_url, app_url, phases=phases)
    logger.info("migrated", extra={"applied": applied, "phases": phases})
    return {"applied": applied}
