"""What can go wrong between us and a model, in words a caller can act on.

Unavailable: later may work          NoProvider, ProviderDown, ProviderBusy, QuotaExhausted, OutOfTime, UnknownPrice
UpstreamFailed: an answer, but not one to use   ProviderRejected, BadAnswer, AnswerCutOff, ContentFiltered, ModelRefused
Conflict: the money is spent         CapReached
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from sidedesk.platform.errors import Conflict, Unavailable, UpstreamFailed

CapKind = Literal["job", "month"]


class NoProvider(Unavailable):
    code = "no_model_provider"
    message = "No model provider is connected. Add one under Settings, Integrations, then try again."


class ProviderDown(Unavailable):
    code = "model_down"
    message = "The model provider does not answer. Try again in a moment."


class ProviderBusy(Unavailable):
    code = "model_busy"
    message = "The model provider asks us to slow down. Try again in a moment."


class QuotaExhausted(Unavailable):
    code = "model_quota_exhausted"
    message = "The account at the model provider has no credit left. Top it up there, then try again."


class OutOfTime(Unavailable):
    code = "model_out_of_time"
    message = "There was no time left to ask the model. Try again."


class UnknownPrice(Unavailable):
    code = "model_price_unknown"

    def __init__(self, model: str) -> None:
        super().__init__(
            f"The price of the model {model} is not known, so its cost cannot be capped. "
            "Set its price in the provider's integration, then try again."
        )


class ProviderRejected(UpstreamFailed):
    """The provider refused the request itself; sending it again cannot help."""

    code = "model_rejected"
    message = "The model provider refused the request."


class BadAnswer(UpstreamFailed):
    code = "model_bad_answer"
    message = "The model's answer could not be used, even after it was asked to correct it."


class AnswerCutOff(UpstreamFailed):
    code = "model_answer_cut_off"
    message = "The model's answer was longer than allowed and was cut off."


class ContentFiltered(UpstreamFailed):
    code = "model_content_filtered"
    message = "The model provider's content filter stopped this."


class ModelRefused(UpstreamFailed):
    code = "model_refused"
    message = "The model declined to do this."


class CapReached(Conflict):
    """The next call could pass a cap. Callers pause the job, say so, and go on when the cap is raised."""

    code = "spend_cap"

    def __init__(self, kind: CapKind, cap_usd: Decimal, taken_usd: Decimal) -> None:
        self.kind: CapKind = kind
        self.cap_usd = cap_usd
        self.taken_usd = taken_usd
        whose = "this job" if kind == "job" else "this organisation's month"
        super().__init__(f"The spend cap of {whose} (${cap_usd:.2f}) is reached. Raise it to go on.")
