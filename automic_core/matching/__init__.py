"""Which rows are the same thing: candidates, comparisons, learned weights, clusters and links."""
