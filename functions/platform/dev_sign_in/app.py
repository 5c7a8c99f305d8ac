"""Sign in by role on a laptop, where there is no identity provider. Deployed stacks answer 404."""

from typing import Literal

from sidedesk.platform import dev_sign_in
from sidedesk.platform.context import database
from sidedesk.platform.dev_sign_in import Session
from sidedesk.platform.http import Api
from sidedesk.platform.models import Body
from sidedesk.platform.permissions import PUBLIC

api = Api()


class Choice(Body):
    account: Literal["owner", "admin", "member", "viewer", "audited"]


@api.post("/api/dev/sign-in", allow=PUBLIC, idempotent=False)
def sign_in(body: Choice) -> Session:
    """A token for one of the people of the local stack."""
    return dev_sign_in.sign_in(database(), body.account)


lambda_handler = api.handler
