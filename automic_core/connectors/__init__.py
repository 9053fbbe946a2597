"""Sources and destinations: one file a system."""
