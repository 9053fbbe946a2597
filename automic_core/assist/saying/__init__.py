"""What a person says of a table in plain words, as steps and rules that were tried on its rows."""
