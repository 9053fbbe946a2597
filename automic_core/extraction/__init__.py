"""Ways to read a source beyond reading all of it."""
