"""Type inference as pure functions on Polars frames: casting, number and date formats, evidence, keys."""
