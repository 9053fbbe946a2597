"""What was to be expected of the next value of a series, how far off it is, and when to raise an alarm."""
