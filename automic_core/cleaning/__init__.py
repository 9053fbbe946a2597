"""Cells that are probably wrong, found without labels."""
