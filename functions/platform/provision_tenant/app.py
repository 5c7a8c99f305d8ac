"""Provision a tenant. Invoked by an operator through the Lambda API; there is no route to it."""

from typing import Any

from pydantic import ValidationError

from sidedesk.capabilities import ALL
from sidedesk.platform.context import database
from sidedesk.platform.observability import flush_metrics, logger
from sidedesk.platform.provisioning import Order, provision


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ARG001
    try:
        order = Order.model_validate(event)
    except ValidationError as error:
        # Without the values: some of them are secrets.
        problems = [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors(include_input=False)]
        raise ValueError("This order cannot be carried out. " + "; ".join(problems)) from None
    done = provision(database(), order, ALL)
    logger.info("tenant provisioned", extra={"tenant": str(done.tenant_id), "made": done.created})
    flush_metrics()
    return done.model_dump(mode="json")
