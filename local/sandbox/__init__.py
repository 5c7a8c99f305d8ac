"""A stand-in for the outside world: OpenAI, Chatwoot, Intercom and n8n on one loopback port."""
