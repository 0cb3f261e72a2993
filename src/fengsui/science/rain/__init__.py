"""Rain: design storms from intensity formulas, fields from gauges, tipping buckets, and the next hour."""
