"""sidedesk: the AI back office of a support and CRM team."""
