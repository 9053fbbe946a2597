"""Questions in plain language, read by a grammar over the words of the tables: no model, and "I don't know" otherwise."""
