"""情景库: floods of one square, computed beforehand for many rains and states; the nearest at once."""
