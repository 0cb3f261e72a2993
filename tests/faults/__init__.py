"""Faults while work goes on, and the proof afterwards: `./fengsui test --faults`, docs/reference/reliability.md."""
