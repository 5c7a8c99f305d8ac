"""Errors with a meaning. Nothing here knows HTTP: the edge maps classes to statuses in one table.

DomainError
├── InvalidRequest       the caller's input cannot be accepted
│   ├── TooLarge
│   └── UnsupportedType
├── Unauthenticated      no identity, or one that does not hold
├── Forbidden            known, but not allowed
├── NotFound             does not exist for this tenant
├── Conflict             the state of things does not permit it
├── RateLimited          too often; `retry_after` says when again
├── UpstreamFailed       somebody else's service answered badly
└── Unavailable          we cannot serve this now; later may work
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldError:
    """One bad field and what is wrong with it."""

    field: str
    message: str


class DomainError(Exception):
    """A refusal with a stable code and a sentence that is safe to show."""

    code = "error"
    message = "This did not work."

    def __init__(
        self,
        message: str | None = None,
        *,
        code: str | None = None,
        details: list[FieldError] | None = None,
        retry_after: int | None = None,
    ) -> None:
        self.message = message or type(self).message
        self.code = code or type(self).code
        self.details = details or []
        self.retry_after = retry_after
        super().__init__(self.message)


class InvalidRequest(DomainError):
    code = "invalid_request"
    message = "The request is not valid."

    @classmethod
    def of(cls, field: str, message: str, *, code: str | None = None) -> InvalidRequest:
        """A refusal of one field."""
        return cls(message, code=code, details=[FieldError(field, message)])


class TooLarge(InvalidRequest):
    code = "too_large"
    message = "The request body is too large. Upload big files through /api/uploads."


class UnsupportedType(InvalidRequest):
    code = "unsupported_type"
    message = "Send the body as application/json."


class Unauthenticated(DomainError):
    code = "unauthenticated"
    message = "Sign in, or send a valid token or service key."


class Forbidden(DomainError):
    code = "forbidden"
    message = "You are not allowed to do this."


class NotFound(DomainError):
    code = "not_found"
    message = "There is nothing at this address."


class Conflict(DomainError):
    code = "conflict"
    message = "The state of things has changed. Reload and try again."


class RateLimited(DomainError):
    code = "rate_limited"
    message = "Too many requests. Wait a moment and try again."


class UpstreamFailed(DomainError):
    code = "upstream_failed"
    message = "A service we depend on did not answer properly. Try again later."


class Unavailable(DomainError):
    code = "unavailable"
    message = "This is not available right now. Try again in a moment."
