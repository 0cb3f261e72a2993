"""Prometheus metrics of the platform itself."""

from prometheus_client import Counter, Gauge, Histogram

CLOCK_FIRED = Counter("fengsui_clock_fired_total", "Escalations and defaults fired", ["kind"])
CLOCK_FAILED = Counter("fengsui_clock_failed_total", "Firings that failed and are tried again", ["kind"])
CLOCK_SWEEP = Histogram("fengsui_clock_sweep_seconds", "One look of the clock engine")
REQUESTS = Histogram("fengsui_request_seconds", "Server time of a page", ["route", "method", "status"])
JOBS = Gauge("fengsui_jobs", "Jobs waiting, under way and given up, counted when asked", ["queue", "status"])
CLOCKS_LATE = Gauge("fengsui_clocks_late", "Open clocks over their due time, counted when asked")
WEB_WAITING = Gauge("fengsui_web_waiting", "Requests waiting for their turn in this process", ["class"])
WEB_RUNNING = Gauge("fengsui_web_running", "Requests being answered in this process", ["class"])
WEB_REFUSED = Counter("fengsui_web_refused_total", "Requests asked to come again (503, Retry-After)", ["class"])
PUBLIC_SHARED = Counter("fengsui_public_shared_total", "Public answers given without asking the database")
LIVE_STREAMS = Gauge("fengsui_live_streams", "Open event streams of this process")
