"""Knowledge base routes: articles, imports, and what a drafter would find."""

from typing import Annotated
from uuid import UUID

from aws_lambda_powertools.event_handler.openapi.params import Query

from sidedesk.knowledge import articles
from sidedesk.knowledge.models import (
    Article,
    ArticleChange,
    ArticleVersion,
    Import,
    ImportReport,
    IndexStatus,
    NewArticle,
    SearchAnswer,
    Status,
    WholeArticle,
)
from sidedesk.platform.context import database
from sidedesk.platform.http import Api
from sidedesk.platform.models import Done, Page

api = Api()
Limit = Annotated[int, Query(ge=1, le=100)]
SEARCH_SECONDS = 20


@api.get("/api/kb/articles", allow="knowledge.read")
def list_articles(
    limit: Limit = 25,
    cursor: str | None = None,
    q: Annotated[str | None, Query(max_length=200, description="part of the title")] = None,
    status: Status | None = None,
    index_status: IndexStatus | None = None,
) -> Page[Article]:
    """Articles, last changed first."""
    return articles.list_articles(
        database(), api.scope, limit=limit, cursor=cursor, q=q, status=status, index_status=index_status
    )


@api.post("/api/kb/articles", allow="knowledge.write", status_code=201)
def create_article(body: NewArticle) -> WholeArticle:
    """A new article. It is found once it is indexed, a moment later."""
    return articles.create(database(), api.scope, api.new_id("article"), body)


@api.get("/api/kb/articles/<article_id>", allow="knowledge.read")
def get_article(article_id: UUID) -> WholeArticle:
    """One article in its newest version, and whether it can be found."""
    return articles.get(database(), api.scope, article_id)


@api.put("/api/kb/articles/<article_id>", allow="knowledge.write")
def change_article(article_id: UUID, body: ArticleChange) -> WholeArticle:
    """A change makes a new version. An archived article is in no answer."""
    return articles.change(database(), api.scope, article_id, body)


@api.delete("/api/kb/articles/<article_id>", allow="knowledge.write")
def delete_article(article_id: UUID) -> Done:
    """Gone with all its versions; no search returns its text any more."""
    articles.delete(database(), api.scope, article_id)
    return Done()


@api.get("/api/kb/articles/<article_id>/versions", allow="knowledge.read")
def list_versions(article_id: UUID, limit: Limit = 25, cursor: str | None = None) -> Page[ArticleVersion]:
    """Every version with its text, newest first."""
    return articles.versions(database(), api.scope, article_id, limit=limit, cursor=cursor)


@api.post("/api/kb/articles/<article_id>/index", allow="knowledge.write", status_code=202, idempotent=False)
def index_article(article_id: UUID) -> WholeArticle:
    """Index it again, after a failure was put right."""
    return articles.index_again(database(), api.scope, article_id)


@api.post("/api/kb/import", allow="knowledge.write", limit="30/minute")
def import_articles(body: Import) -> ImportReport:
    """Markdown, HTML or CSV (`title,body[,url,language]`), inline or uploaded for `kb_import`. Unchanged articles stay as they are."""
    from sidedesk.knowledge import importing

    return importing.run(database(), api.scope, api.new_id("import"), body)


@api.get("/api/kb/search", allow="knowledge.read", limit="60/minute")
def search(
    q: Annotated[str, Query(min_length=1, max_length=4000)], limit: Annotated[int, Query(ge=1, le=50)] = 8
) -> SearchAnswer:
    """What a drafter would find for this, with its scores."""
    from sidedesk.ai.gateway import Deadline, Gateway
    from sidedesk.knowledge import service

    gateway = Gateway(database(), api.scope, deadline=Deadline(SEARCH_SECONDS))
    return service.look_up(database(), api.scope, gateway, q, limit=limit)


lambda_handler = api.handler
