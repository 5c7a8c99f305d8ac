"""A delivery from outside acts once, per tenant and source, whatever is repeated."""

from sidedesk.platform import inbox
from tests.support.world import World


def test_the_first_delivery_is_claimed_and_its_repeats_find_the_claim(world: World) -> None:
    scope = world.northwind.system
    claims = [world.database.value(scope, *inbox.claim("chatwoot", natural_id)) for natural_id in ("1", "1", "2")]
    assert claims == [True, None, True]
    assert world.database.value(scope, *inbox.claim("intercom", "1")) is True
    assert world.database.value(world.contoso.system, *inbox.claim("chatwoot", "1")) is True
