"""Series intelligence: what can be said about a reading from its own stream alone. Pure numpy, no clock, no files."""
