"""Decisions that can be explained: ranked candidates, reasons in codes, alternatives."""
