"""What leaves in a log line."""

import pytest

from sidedesk.platform.observability import scrub

SECRETS = {
    "key sd_" + "a1" * 16 + "_Zm9vYmFy-_x": "key <service-key>",
    "eyJhbGciOiJI.eyJpc3MiOiJo.sig-_1": "<token>",
    "authorization: BEARER abc.def": "authorization: Bearer <token>",
    "api sk-proj_12345678": "api <api-key>",
    "PostgreSQL://app:pa:ss@db/x": "PostgreSQL://app:<password>@db/x",
    "from Ana.P+x@northwind.example.": "from <email>.",
    "call +49 (30) 1234-567": "call <phone>",
    "card 4111 1111 1111 1111 ok": "card <card> ok",
    "to DE89 3704 0044 0532 0130 00": "to <iban>",
}


@pytest.mark.parametrize("said", SECRETS)
def test_a_secret_becomes_its_kind(said: str) -> None:
    assert scrub(said) == SECRETS[said]


def test_ids_and_figures_stay() -> None:
    line = '{"job": "5f8a7c0e-2d38-4a8e-a1a4-3c6ad5cf3f51", "ms": 12.5, "route": "GET /api/me", "agents": 12}'
    assert scrub(line) == line
