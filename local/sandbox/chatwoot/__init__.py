"""Chatwoot 4.15: the account API, the public client API and signed webhooks."""
