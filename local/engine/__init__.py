"""The local engine: template.yaml and the functions, running on this machine as they run in the cloud."""
