"""n8n with one published workflow, the massive audit, and enough of its API to watch it."""
