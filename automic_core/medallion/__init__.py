"""Bronze, silver and gold: policies that build pipelines over lakehouse tables."""
