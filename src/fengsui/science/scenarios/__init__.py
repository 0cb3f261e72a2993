"""Many computed floods of one square: the nearest to what is asked, their spread, and an answer between them."""
