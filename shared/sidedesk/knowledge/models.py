"""The words of the knowledge base."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints, model_validator

from sidedesk.platform.models import Answer, Body

Format = Literal["markdown", "html", "csv"]
Status = Literal["active", "archived"]
IndexStatus = Literal["waiting", "indexed", "failed"]

LONGEST_TITLE: Final = 300
LONGEST_BODY: Final = 200_000
LONGEST_URL: Final = 2_000
URL_PATTERN: Final = r"^(https?://[^\s<>\"']+)?$"
LANGUAGE_PATTERN: Final = r"^([A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*)?$"
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_TITLE)]
Url = Annotated[str, Field(max_length=LONGEST_URL, pattern=URL_PATTERN, description="where people can read it")]
Language = Annotated[str, Field(max_length=35, pattern=LANGUAGE_PATTERN, description="such as en or pt-BR")]
Source = Annotated[str, Field(max_length=200, description="what it came from, such as the name of a file or system")]


class ArticleWrite(Body):
    title: Title
    body: Annotated[str, Field(min_length=1, max_length=LONGEST_BODY)]
    format: Literal["markdown", "html"] = "markdown"
    url: Url = ""
    language: Language = ""


class NewArticle(ArticleWrite):
    source: Source = ""


class ArticleChange(ArticleWrite):
    """The whole article. With `version`, only if that is still the newest."""

    status: Status = "active"
    version: Annotated[int | None, Field(ge=1)] = None


class Import(Body):
    """Text as it is, or a checked upload made for `kb_import`."""

    format: Format
    content: Annotated[str | None, Field(min_length=1)] = None
    upload_id: UUID | None = None
    source: Source = ""

    @model_validator(mode="after")
    def one_of_both(self) -> Import:
        if (self.content is None) == (self.upload_id is None):
            raise ValueError("send either content or upload_id")
        return self


class Article(Answer):
    id: UUID
    title: str
    source: str
    url: str
    format: Format
    language: str
    status: Status
    version: int
    index_status: IndexStatus
    index_error: str | None
    indexed_version: int | None
    indexed_at: datetime | None
    created_by: str
    created_at: datetime
    updated_at: datetime
    checked_at: datetime


class WholeArticle(Article):
    body: Annotated[str, Field(description="clean Markdown, whatever it came as")]
    chunks: Annotated[int, Field(description="passages that can be found now")]


class ArticleVersion(Answer):
    version: int
    title: str
    body: str
    url: str
    language: str
    created_by: str
    created_at: datetime


class RefusedRow(Answer):
    row: Annotated[int, Field(description="line of a CSV file where the row ends; 1 for a single document")]
    title: str
    reason: str


class ImportReport(Answer):
    created: int
    changed: int
    unchanged: int
    refused: list[RefusedRow]
    articles: Annotated[list[UUID], Field(description="those created or changed, in the order of the import")]


class Found(Answer):
    id: UUID
    article_id: UUID
    title: str
    text: str
    url: str
    version: int
    updated_at: datetime
    score: Annotated[float, Field(description="places in both orders joined; only good for sorting")]
    similarity: Annotated[float, Field(description="how near the meaning is, 0 to 1")]
    text_rank: Annotated[int | None, Field(description="its place by words, from 1; null when no word matched")]


class SearchAnswer(Answer):
    mode: Annotated[Literal["hybrid", "words"], Field(description="words when no model could be asked")]
    note: str
    data: list[Found]


class IndexMessage(BaseModel):
    """A version of an article waits to be found."""

    tenant_id: UUID
    article_id: UUID
    version: int
    not_before: datetime | None = None
