"""Who is calling: a person with a signed token, or a machine with a service key."""

from __future__ import annotations

import hashlib
import re
import secrets as random
import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import jwt

from sidedesk.platform import secrets
from sidedesk.platform.errors import Forbidden, Unauthenticated
from sidedesk.platform.permissions import ROLES
from sidedesk.platform.settings import IdentitySettings

LEEWAY_SECONDS = 30
JWKS_FRESH_SECONDS = 600
JWKS_RETRY_SECONDS = 30
_KEY = re.compile(r"^sd_([0-9a-f]{32})_([A-Za-z0-9_-]{32,128})$")
_ASYMMETRIC = ("ES256", "RS256")


@dataclass(frozen=True, slots=True)
class Person:
    user_id: str
    tenant_id: UUID
    role: str
    email: str
    name: str


@dataclass(frozen=True, slots=True)
class Machine:
    """What a key claims. The database proves it when the machine enters."""

    key_id: UUID
    digest: str


def credential(headers: dict[str, str]) -> str:
    """The bearer token or API key of a request; header names arrive in lower case."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    if key := headers.get("x-api-key", "").strip():
        return key
    raise Unauthenticated()


def identify(token: str, settings: IdentitySettings) -> Person | Machine:
    """Tell people from machines by the shape of what they present."""
    if token.startswith("sd_"):
        return parse_service_key(token)
    return verify_person(token, settings)


# Machines -----------------------------------------------------------------------------------------------------------


def new_service_key(key_id: UUID | None = None) -> tuple[UUID, str, str]:
    """(id, the key to show once, the digest to keep)."""
    key_id = key_id or uuid4()
    key = f"sd_{key_id.hex}_{random.token_urlsafe(32)}"
    return key_id, key, digest_of(key)


def digest_of(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def parse_service_key(key: str) -> Machine:
    match = _KEY.match(key)
    if match is None:
        raise Unauthenticated("This service key is unknown, expired or revoked.", code="invalid_key")
    return Machine(UUID(match.group(1)), digest_of(key))


# People -------------------------------------------------------------------------------------------------------------


def verify_person(token: str, settings: IdentitySettings) -> Person:
    """Check signature, time, issuer and audience; then read tenant and role from `app_metadata` only."""
    try:
        claims = _decode(token, settings)
    except jwt.ExpiredSignatureError as error:
        raise Unauthenticated("Your session has expired. Sign in again.", code="token_expired") from error
    except (jwt.PyJWTError, ValueError, TypeError, KeyError, AttributeError) as error:
        # Which check failed is nobody's business; PyJWT raises plain ValueError for a key of the wrong kind.
        raise Unauthenticated("This token is not valid. Sign in again.", code="invalid_token") from error
    return _person(claims)


def _decode(token: str, settings: IdentitySettings) -> dict[str, Any]:
    key: Any
    algorithm = "HS256"
    if settings.jwks_url:
        header = jwt.get_unverified_header(token)
        algorithm = header.get("alg", "")
        if algorithm not in _ASYMMETRIC:
            raise jwt.InvalidAlgorithmError("only keys of the key set are accepted")
        signing = _key_set(settings.jwks_url).find(header.get("kid", ""))
        if signing.algorithm_name != algorithm:
            raise jwt.InvalidAlgorithmError("the key is of another kind")
        key = signing.key
    else:
        key = secrets.read(settings.app_secret_name)["jwt_secret"]
    return jwt.decode(
        token,
        key,
        algorithms=[algorithm],
        audience=settings.jwt_audience,
        issuer=settings.jwt_issuer,
        leeway=LEEWAY_SECONDS,
        options={"require": ["exp", "sub", "aud", "iss"]},
    )


def _person(claims: dict[str, Any]) -> Person:
    invalid = Unauthenticated("This token is not valid. Sign in again.", code="invalid_token")
    if claims.get("role", "authenticated") != "authenticated" or claims.get("is_anonymous") is True:
        raise invalid
    try:
        UUID(claims["sub"])
    except ValueError as error:
        raise invalid from error
    metadata = claims.get("app_metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    role = metadata.get("role")
    try:
        tenant = UUID(str(metadata.get("tenant_id")))
    except ValueError:
        tenant = None
    if tenant is None or role not in ROLES:
        raise Forbidden(
            "Your account belongs to no organisation here. Ask an admin to invite you.", code="no_membership"
        )
    profile = claims.get("user_metadata")  # editable by the person: good for a display name, never for rights
    name = profile.get("full_name", "") if isinstance(profile, dict) else ""
    email = claims.get("email")
    return Person(
        claims["sub"], tenant, role, email.strip().lower() if isinstance(email, str) else "", str(name or "")[:200]
    )


class _KeySet:
    """The provider's public keys: fetched rarely, kept when the provider is down."""

    def __init__(self, url: str) -> None:
        self._client = jwt.PyJWKClient(url, cache_keys=False, timeout=2)
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched = self._tried = float("-inf")

    def find(self, kid: str) -> jwt.PyJWK:
        now = time.monotonic()
        stale = now - self._fetched > JWKS_FRESH_SECONDS
        if (kid not in self._keys or stale) and now - self._tried > JWKS_RETRY_SECONDS:
            self._tried = now
            try:
                self._keys = {key.key_id or "": key for key in self._client.get_jwk_set(refresh=True).keys}
                self._fetched = now
            except jwt.PyJWKClientError:
                if not self._keys:
                    raise
        return self._keys[kid]


_key_sets: dict[str, _KeySet] = {}


def _key_set(url: str) -> _KeySet:
    return _key_sets.setdefault(url, _KeySet(url))


def mint_local_token(
    *, secret: str, issuer: str, tenant_id: UUID, user_id: UUID, email: str, name: str, role: str, seconds: int
) -> str:
    """A token as the identity provider would issue it. Only a local stack knows a secret to sign with."""
    now = int(time.time())
    return jwt.encode(
        {
            "iss": issuer,
            "aud": "authenticated",
            "sub": str(user_id),
            "iat": now,
            "exp": now + seconds,
            "role": "authenticated",
            "email": email,
            "is_anonymous": False,
            "app_metadata": {"tenant_id": str(tenant_id), "role": role},
            "user_metadata": {"full_name": name},
        },
        secret,
        algorithm="HS256",
    )
