"""Presentation of clocks, ages and levels."""

from jinja2 import Environment


def install(env: Environment) -> None:
    """Register filters."""
