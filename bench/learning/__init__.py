"""Does learning make drafts better? The same threads are replayed with it and without it."""
