"""The sandbox's well-known credentials. They open nothing but the sandbox."""

OPENAI_KEY = "sandbox-openai"
REFUSED_KEY = "bad-key"  # every provider answers 401 (n8n: 403) to this one

CHATWOOT_ACCOUNT = 1
CHATWOOT_ADMIN_TOKEN = "sandbox-chatwoot"
CHATWOOT_AGENT_TOKEN = "sandbox-chatwoot-agent"
CHATWOOT_BOT_TOKEN = "sandbox-chatwoot-bot"
CHATWOOT_OTHER_ACCOUNT = 2
CHATWOOT_OTHER_TOKEN = "sandbox-chatwoot-other"

INTERCOM_TOKEN = "sandbox-intercom"

N8N_WEBHOOK_TOKEN = "sandbox-n8n"
N8N_API_KEY = "sandbox-n8n-api"
N8N_WORKFLOW_ID = "sandboxAudit0001"
