"""The laptop: everything that makes the deployed stack run without a cloud account."""
