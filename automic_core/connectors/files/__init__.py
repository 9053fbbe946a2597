"""Sources and destinations that are files."""
