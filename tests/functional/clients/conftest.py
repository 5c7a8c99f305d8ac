"""The real Chatwoot client against the sandbox, over HTTP."""

from collections.abc import Callable, Iterator

import httpx
import pytest

from local.sandbox import credentials
from sidedesk.clients.chatwoot import Chatwoot
from sidedesk.platform import outbound
from tests.sandbox.conftest import Sandbox

Account = Callable[..., Chatwoot]


@pytest.fixture
def outside(running_sandbox: Sandbox) -> Sandbox:
    running_sandbox.reset(data=True)
    return running_sandbox


@pytest.fixture
def account(outside: Sandbox) -> Iterator[Account]:
    """`account(token, patience=…)`: the client as it is made for a tenant."""
    with outbound.client() as http:

        def make(token: str = credentials.CHATWOOT_ADMIN_TOKEN, **options: object) -> Chatwoot:
            account_id = int(str(options.pop("account_id", 1)))
            return Chatwoot(http, f"{outside.base}/chatwoot/", token, account_id, **options)  # type: ignore[arg-type]

        yield make


@pytest.fixture
def desk(account: Account) -> Chatwoot:
    return account()


@pytest.fixture
def customer(outside: Sandbox) -> Iterator[httpx.Client]:
    base = f"{outside.base}/chatwoot/public/api/v1/inboxes/northwind-web/contacts"
    person = httpx.post(base, json={"name": "Dana Whitfield", "email": "dana@example.com"}).json()
    with httpx.Client(base_url=f"{base}/{person['source_id']}") as client:
        yield client


@pytest.fixture
def talk(customer: httpx.Client) -> int:
    """A conversation of that customer, with one message in it."""
    display_id = int(customer.post("/conversations", json={}).json()["id"])
    customer.post(f"/conversations/{display_id}/messages", json={"content": "Where is my parcel?"})
    return display_id
