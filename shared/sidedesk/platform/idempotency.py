"""`Idempotency-Key`: the same wish, sent twice, is carried out once and answered the same.

A key is claimed before the work and completed with the answer after it. A claim whose worker died is free again after
its lease; creations then meet their own id, which is derived from the key (`derived_id`), and find the first one's row.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

from psycopg.types.json import Jsonb

from sidedesk.platform.db import Database
from sidedesk.platform.errors import Conflict, InvalidRequest
from sidedesk.platform.scope import AnyScope

LEASE_SECONDS = 60
MAX_KEY = 255

_CLAIM = """
INSERT INTO idempotency_keys AS held (tenant_id, actor, key, fingerprint, leased_until)
VALUES (current_tenant(), %(actor)s, %(key)s, %(fingerprint)s, now() + make_interval(secs => %(lease)s))
ON CONFLICT (tenant_id, actor, key) DO UPDATE SET leased_until = excluded.leased_until
  WHERE held.response IS NULL AND held.leased_until < now() AND held.fingerprint = excluded.fingerprint
RETURNING true
"""
_READ = "SELECT fingerprint, response FROM idempotency_keys WHERE actor = %(actor)s AND key = %(key)s"
_FINISH = "UPDATE idempotency_keys SET response = %(response)s WHERE actor = %(actor)s AND key = %(key)s"
_RELEASE = "DELETE FROM idempotency_keys WHERE actor = %(actor)s AND key = %(key)s AND response IS NULL"


@dataclass(slots=True)
class Claim:
    """A claimed key, or the answer that was given before."""

    key: str
    replay: dict[str, Any] | None = None
    held: bool = True  # a row keeps it, and waits for the answer


def fingerprint(method: str, path: str, body: str) -> str:
    """Two requests are the same wish when this is the same. JSON is compared as data, not as text."""
    with suppress(ValueError):
        body = json.dumps(json.loads(body), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{method} {path}\n{body}".encode("utf-8", "surrogatepass")).hexdigest()


def unkept(key: str) -> Claim:
    """For answers that must not be stored: the key only names the ids of what is created."""
    return Claim(_checked(key), held=False)


def _checked(key: str) -> str:
    if len(key) > MAX_KEY or not key.isprintable():
        raise InvalidRequest.of("Idempotency-Key", f"Use at most {MAX_KEY} printable characters.")
    return key


def claim(database: Database, scope: AnyScope, key: str, print_: str) -> Claim:
    """One round trip: ours, or answered before, or refused."""
    _checked(key)
    values = {"actor": scope.actor, "key": key, "fingerprint": print_, "lease": LEASE_SECONDS}
    with database.batch(scope) as batch:
        ours = batch.values(_CLAIM, values)
        held = batch.dicts(_READ, values)
    if ours.first():
        return Claim(key)
    before = held.first()
    if before is not None and before["fingerprint"] != print_:
        raise Conflict(
            "This Idempotency-Key was used for another request. Use a new key.", code="idempotency_key_reused"
        )
    if before is None or before["response"] is None:
        raise Conflict(
            "The first request with this key is still running. Try again shortly.", code="in_progress", retry_after=2
        )
    return Claim(key, replay=before["response"])


def finish(database: Database, scope: AnyScope, claimed: Claim, response: dict[str, Any]) -> None:
    """Keep the answer of a success; give the key back after a refusal, so that a corrected wish may use it."""
    values = {"actor": scope.actor, "key": claimed.key}
    if response["statusCode"] < 300:
        kept = {name: response[name] for name in ("statusCode", "body") if name in response}
        database.run(scope, _FINISH, values | {"response": Jsonb(kept)})
    else:
        database.run(scope, _RELEASE, values)


def derived_id(scope: AnyScope, purpose: str, claimed: Claim | None) -> UUID:
    """The id of what is about to be created: the same again for the same key, random without one."""
    if claimed is None:
        return uuid4()
    return uuid5(NAMESPACE_URL, f"{scope.tenant_id}:{scope.actor}:{purpose}:{claimed.key}")
