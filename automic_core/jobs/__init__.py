"""Runs in worker processes that outlive the page that began them; their state is on disk, for everybody to see."""
