"""The whole stack under kill -9."""
