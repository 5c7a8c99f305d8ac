"""What the suites share: a real database per test, real handlers, events as AWS sends them."""
