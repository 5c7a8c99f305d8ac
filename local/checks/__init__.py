"""What `make check` looks at, one small module per question. Each offers `check()` → what is wrong, as sentences."""
