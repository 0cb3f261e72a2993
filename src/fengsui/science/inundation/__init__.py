"""Water over ground: two-dimensional inundation on a grid of square cells."""
