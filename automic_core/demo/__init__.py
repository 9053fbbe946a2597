"""The demo: messy files with a known truth, and the score of a pipeline against it."""
