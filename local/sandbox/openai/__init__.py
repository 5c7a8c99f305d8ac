"""An OpenAI-compatible server whose model is a set of rules that read what they are sent."""
