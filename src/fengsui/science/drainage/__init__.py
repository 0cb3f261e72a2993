"""Sewers: EPA SWMM in a process of its own, and the water it exchanges with the streets. Light to import."""
