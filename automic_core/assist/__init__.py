"""Proposers: what the data itself suggests, each proposal measured on the data before anybody sees it."""
