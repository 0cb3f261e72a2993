"""Forecasts after the event: what each told beside what came, kept, summed by day, and shown beside persistence."""
