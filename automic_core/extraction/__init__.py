"""Which rows of a source are read: those within a bound, those that are new, those that changed."""
