"""Documents of conversations in the file store. The object comes first and the row's pointer after it, so that whoever can
see a document sees all of it. A document's name holds its digest: it is never overwritten, and a damaged one is noticed.
"""

from __future__ import annotations

import hashlib
import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, TypeVar
from uuid import UUID

from sidedesk.conversations.errors import NoDocument
from sidedesk.conversations.raw import RawConversation, encode
from sidedesk.platform import files
from sidedesk.platform.aws import client
from sidedesk.platform.files import FileMissing, StorageFailed
from sidedesk.platform.uploads import download_link

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

Kind = Literal["raw", "enriched", "work"]
THREADS = 8
LINK_SECONDS = 300
Item = TypeVar("Item")
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Pointer:
    """Where a document lies, and what it was when it was written."""

    path: str
    digest: str
    size: int


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def store(
    tenant_id: UUID, conversation_id: UUID, kind: Kind, document: RawConversation | dict[str, Any] | bytes
) -> Pointer:
    """Write one document. Nobody sees it before a row points to it; writing it again changes nothing.

    `work` is for what one step of enrichment leaves to the next.
    """
    content = document if isinstance(document, bytes) else encode(document)
    digest = digest_of(content)
    path = f"conversations/{tenant_id}/{conversation_id}/{kind}/{digest}.json"
    files.put(path, content)
    return Pointer(path, digest, len(content))


def read(path: str) -> bytes:
    """One document as it was written, or why it cannot be had."""
    try:
        content = files.get(path)
    except FileMissing as error:
        raise NoDocument("The document is not in the file store any more.") from error
    if digest_of(content) != path.rpartition("/")[2].removesuffix(".json"):
        raise StorageFailed("A stored document is damaged: it is not what was written.", code="document_damaged")
    return content


def load(path: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(read(path))
    return loaded


def link(path: str, filename: str) -> str:
    """An address that hands the document out for a few minutes."""
    return download_link(path, filename, seconds=LINK_SECONDS)


def erase(tenant_id: UUID, conversation_id: UUID) -> int:
    """Remove every document of one conversation, older ones too. Again is fine."""
    return files.remove_below(f"conversations/{tenant_id}/{conversation_id}/")


def side_by_side(work: Callable[[Item], Found], items: Iterable[Item]) -> Iterator[Found]:
    """`work` on each item, some at a time, in order. Few results ever wait, so memory stays flat."""
    client("s3")  # made once, before the threads ask for it
    waiting: deque[Future[Found]] = deque()
    for item in items:
        waiting.append(_pool().submit(work, item))
        if len(waiting) >= 2 * THREADS:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(THREADS, thread_name_prefix="documents")
