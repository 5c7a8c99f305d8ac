"""A knowledge base under test: the routes by their handlers, the queue by its outbox rows, the model by the sandbox."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from tests.support.lambdas import Context, Reply, client, load_app, sqs_event
from tests.support.world import Tenant, World


class Knowledge:
    def __init__(self, world: World) -> None:
        self.world = world
        self.call = client("knowledge/articles_api")

    def api(self, method: str, path: str, *, who: str = "admin", tenant: Tenant | None = None, **options: Any) -> Reply:
        token = (tenant or self.world.northwind).tokens[who]
        return self.call(method, f"/api/kb{path}", token=token, **options)

    def make(self, title: str = "Returns", body: str = "You may return goods within 30 days.", **more: Any) -> Any:
        reply = self.api("POST", "/articles", body={"title": title, "body": body, **more})
        assert reply.status == 201, reply.text
        return reply.json

    def change(self, article: Any, **changes: Any) -> Reply:
        body = {name: article[name] for name in ("title", "body", "url", "language", "status")}
        return self.api("PUT", f"/articles/{article['id']}", body=body | changes)

    def get(self, article_id: str) -> Any:
        reply = self.api("GET", f"/articles/{article_id}")
        assert reply.status == 200, reply.text
        return reply.json

    def search(self, q: str, *, tenant: Tenant | None = None, limit: int = 8) -> Any:
        from urllib.parse import quote

        reply = self.api("GET", f"/search?q={quote(q)}&limit={limit}", who="member", tenant=tenant)
        assert reply.status == 200, reply.text
        return reply.json

    def messages(self) -> list[dict[str, Any]]:
        """What waits for the indexer, oldest first; taken off."""
        rows = self.world.sql(
            "DELETE FROM outbox WHERE destination = 'queue:index_article' RETURNING created_at, tenant_id, payload"
        )
        return [payload | {"tenant_id": str(tenant)} for _, tenant, payload in sorted(rows, key=lambda row: row[0])]

    def deliver(self, *messages: dict[str, Any], milliseconds: int = 60_000) -> list[Any]:
        """The records that failed."""
        app = load_app("knowledge/index_article")
        answer = app.lambda_handler(sqs_event(*messages), Context(milliseconds=milliseconds))
        failed: list[Any] = answer["batchItemFailures"]
        return failed

    def index(self) -> None:
        """Everything that waits now, once."""
        for message in self.messages():
            message.pop("not_before", None)
            assert self.deliver(message) == []

    def message(self, article: Any, version: int | None = None, tenant: Tenant | None = None) -> dict[str, Any]:
        body = {"tenant_id": str((tenant or self.world.northwind).id), "article_id": article["id"]}
        return json.loads(json.dumps(body | {"version": version or article["version"]}))  # type: ignore[no-any-return]

    def embedded(self) -> int:
        """Texts and questions sent to the model so far."""
        [(calls,)] = self.world.sql("SELECT count(*) FROM ai_usage WHERE purpose LIKE 'embed.%'")
        return int(calls)

    def everywhere(self, text: str) -> list[str]:
        """Tables of the knowledge base and the store that still hold this text."""
        tables = ("kb_articles", "kb_article_versions", "kb_chunks", "retrieval_texts")
        found = f"SELECT 1 FROM {{}} t WHERE position(lower('{text}') IN lower(t::text)) > 0 LIMIT 1"
        return [table for table in tables if self.world.sql(found.format(table))]

    def chunk_ids(self, article: Any) -> list[UUID]:
        rows = self.world.sql("SELECT id FROM kb_chunks WHERE article_id = %s ORDER BY ordinal", (article["id"],))
        return [row[0] for row in rows]
