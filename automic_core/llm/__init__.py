"""Language models: one client, off unless switched on; what may be sent, what was sent, and what it cost."""
