"""Names of ours in other people's databases."""

WATERMARKS = "automic_watermarks"
"""Table in which a loader keeps how far a pipeline has read; it is no table of theirs, so it is not listed."""
