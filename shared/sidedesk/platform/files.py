"""The file store: whole objects, parts of large ones, and objects written part by part. Its errors become ours here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any

from sidedesk.platform.aws import client
from sidedesk.platform.errors import NotFound, Unavailable
from sidedesk.platform.settings import StorageSettings, cached

# The smallest part but the last one is 5 MB; ten thousand parts make 80 GB.
PART_BYTES = 8 * 1024 * 1024
_AT_ONCE = 1_000  # what one call may delete


class StorageFailed(Unavailable):
    code = "storage"
    message = "The file store does not answer properly. Try again in a moment."


class FileMissing(NotFound):
    code = "file_missing"
    message = "This file is not in the file store any more."


def put(key: str, content: bytes, content_type: str = "application/json") -> None:
    with _translated():
        client("s3").put_object(Bucket=bucket(), Key=key, Body=content, ContentType=content_type)


def get(key: str) -> bytes:
    with _translated():
        content: bytes = client("s3").get_object(Bucket=bucket(), Key=key)["Body"].read()
    return content


def size(key: str) -> int:
    with _translated():
        return int(client("s3").head_object(Bucket=bucket(), Key=key)["ContentLength"])


def part(key: str, start: int, length: int) -> bytes:
    """Some bytes of an object. No connection stays open between parts, however long the caller thinks."""
    with _translated():
        wanted = f"bytes={start}-{start + length - 1}"
        content: bytes = client("s3").get_object(Bucket=bucket(), Key=key, Range=wanted)["Body"].read()
    return content


def remove(key: str) -> None:
    with _translated():
        client("s3").delete_object(Bucket=bucket(), Key=key)


def remove_below(prefix: str) -> int:
    """Every object whose name begins so. Again is fine."""
    if not prefix.endswith("/"):
        raise ValueError("a prefix ends with a slash, or it would take its neighbours along")
    s3, removed = client("s3"), 0
    with _translated():
        while found := s3.list_objects_v2(Bucket=bucket(), Prefix=prefix, MaxKeys=_AT_ONCE).get("Contents"):
            keys = [{"Key": one["Key"]} for one in found]
            answer = s3.delete_objects(Bucket=bucket(), Delete={"Objects": keys, "Quiet": True})
            if answer.get("Errors"):
                raise StorageFailed("Some files could not be removed. Try again.")
            removed += len(keys)
    return removed


class Writer:
    """An object written part by part in flat memory. It exists once the block is through, whole or not at all."""

    def __init__(self, key: str, content_type: str) -> None:
        self.size = 0
        self._where = {"Bucket": bucket(), "Key": key}
        self._content_type = content_type
        self._upload: dict[str, Any] | None = None
        self._parts: list[dict[str, Any]] = []
        self._buffer = bytearray()

    def __enter__(self) -> Writer:
        return self

    def write(self, content: bytes) -> None:
        self.size += len(content)
        self._buffer += content
        while len(self._buffer) >= PART_BYTES:
            self._send(bytes(self._buffer[:PART_BYTES]))
            del self._buffer[:PART_BYTES]

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if error is not None:
            self._abort()
            return
        try:
            with _translated():
                if self._upload is None:  # small enough for one call
                    body = bytes(self._buffer)
                    client("s3").put_object(**self._where, Body=body, ContentType=self._content_type)
                    return
                if self._buffer:
                    self._send(bytes(self._buffer))
                parts = {"Parts": self._parts}
                client("s3").complete_multipart_upload(**self._upload, MultipartUpload=parts)
        except BaseException:
            self._abort()
            raise

    def _send(self, content: bytes) -> None:
        s3 = client("s3")
        with _translated():
            if self._upload is None:
                made = s3.create_multipart_upload(**self._where, ContentType=self._content_type)
                self._upload = {**self._where, "UploadId": made["UploadId"]}
            number = len(self._parts) + 1
            sent = s3.upload_part(**self._upload, PartNumber=number, Body=content)
            self._parts.append({"ETag": sent["ETag"], "PartNumber": number})

    def _abort(self) -> None:
        if self._upload is not None:
            with suppress(Exception):  # the bucket's own rule removes what is left over
                client("s3").abort_multipart_upload(**self._upload)


@contextmanager
def _translated() -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in ("NoSuchKey", "404", "NotFound"):
            raise FileMissing() from error
        raise StorageFailed() from error
    except BotoCoreError as error:
        raise StorageFailed() from error


def bucket() -> str:
    name: str = cached(StorageSettings).uploads_bucket
    return name
