"""Counting tokens without the model's own tokenizer: one bound that is never too low, one estimate that is near."""

from __future__ import annotations

PER_MESSAGE = 8  # role and separators


def at_most(*texts: str) -> int:
    """Byte-level tokenizers never make more tokens than there are UTF-8 bytes. Reservations use this."""
    return sum(len(text.encode("utf-8", "surrogatepass")) + PER_MESSAGE for text in texts)


def about(*texts: str) -> int:
    """About four Latin letters a token, about one and a half for other scripts. Used where a provider reports no usage."""
    total = 0.0
    for text in texts:
        latin = sum(character < "\u0250" for character in text)
        total += latin / 4 + (len(text) - latin) / 1.5
    return max(1, round(total)) if texts else 0
