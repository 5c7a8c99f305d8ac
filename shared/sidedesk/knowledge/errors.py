"""What can be refused about the knowledge base."""

from sidedesk.platform.errors import Conflict, InvalidRequest, NotFound


class ArticleNotFound(NotFound):
    code = "article_not_found"
    message = "There is no article with this id."


class ArticleExists(Conflict):
    code = "article_exists"
    message = "There is already an article with this address, or with this title from the same source. Change that one."


class ArticleChanged(Conflict):
    code = "article_changed"
    message = "Somebody else changed this article. Reload it and apply your change again."


class Unreadable(InvalidRequest):
    """A whole document that cannot be taken in. Single rows are refused in the report."""

    code = "unreadable"
