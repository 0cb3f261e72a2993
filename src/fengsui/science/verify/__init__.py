"""How good forecasts were, after the event: what was told beside what came, and beside what costs nothing to say.

Pure numpy, no clock, no files. What is kept of many forecasts is a sum, so days add up to months and stations to a
district without looking at a single forecast again.
"""
