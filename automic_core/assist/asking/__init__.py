"""Questions in plain language, read by a grammar over the words of the tables; no model, no guess."""
