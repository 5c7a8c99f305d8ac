"""A queue's consumer: each message on its own, the failed ones alone come back, figures written at the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse

from sidedesk.platform.observability import flush_metrics, logger


def consume(
    processor: BatchProcessor, handle: Callable[..., None]
) -> Callable[[dict[str, Any], Any], PartialItemFailureResponse]:
    """The entry point of a consumer. `handle` takes one parameter, named `record`, and raises when a retry may help."""

    @logger.inject_lambda_context(clear_state=True)
    def lambda_handler(event: dict[str, Any], context: Any) -> PartialItemFailureResponse:
        try:
            return process_partial_response(event, handle, processor, context)
        finally:
            flush_metrics()

    return lambda_handler
