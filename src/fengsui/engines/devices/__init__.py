"""Brokers behind kernel.ports.devices."""
