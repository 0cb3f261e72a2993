"""Pages of a review, one module a page."""
