"""Put the four providers, the switches and the page behind one door."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route

from local.sandbox import page
from local.sandbox.chatwoot.app import Chatwoot
from local.sandbox.config import Config
from local.sandbox.control import Control
from local.sandbox.edge import Edge
from local.sandbox.errors import Refusal
from local.sandbox.intercom.app import Intercom
from local.sandbox.n8n.app import N8n
from local.sandbox.openai.app import OpenAI
from local.sandbox.world import World


def build(config: Config) -> Edge:
    world = World(config)
    openai, chatwoot, intercom, n8n = OpenAI(world), Chatwoot(world), Intercom(world), N8n(world)

    async def reset_data(everything: bool) -> None:
        await n8n.reset(everything)
        await chatwoot.reset(everything)

    async def home(request: Request) -> Response:
        return HTMLResponse(page.render(world))

    async def health(request: Request) -> Response:
        return JSONResponse({"status": "ok", "sandbox": True})

    async def refused(request: Request, exc: Exception) -> Response:
        assert isinstance(exc, Refusal)
        return exc.response

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        await world.close()

    inner = Starlette(
        routes=[
            Route("/", home),
            Route("/health", health),
            Mount("/_sandbox", routes=Control(world, reset_data).routes()),
            Mount("/openai/v1", routes=openai.routes()),
            Mount("/chatwoot", routes=chatwoot.routes()),
            Mount("/intercom", routes=intercom.routes()),
            Mount("/n8n", routes=n8n.routes()),
        ],
        exception_handlers={Refusal: refused},
        lifespan=lifespan,
    )
    return Edge(inner, world)  # outermost, because only there the server's own socket can be cut
