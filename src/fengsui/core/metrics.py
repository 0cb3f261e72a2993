"""Prometheus metrics of the platform itself."""

from prometheus_client import Counter, Gauge, Histogram

CLOCK_FIRED = Counter("fengsui_clock_fired_total", "Escalations and defaults fired", ["kind"])
CLOCK_FAILED = Counter("fengsui_clock_failed_total", "Firings that failed and are tried again", ["kind"])
CLOCK_SWEEP = Histogram("fengsui_clock_sweep_seconds", "One look of the clock engine")
REQUESTS = Histogram("fengsui_request_seconds", "Server time of a page", ["route", "method", "status"])
JOBS = Gauge("fengsui_jobs", "Jobs waiting, under way and given up, counted when asked", ["queue", "status"])
CLOCKS_LATE = Gauge("fengsui_clocks_late", "Open clocks over their due time, counted when asked")
