"""The code of the n8n workflow's own nodes, run by node."""
