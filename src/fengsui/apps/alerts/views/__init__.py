"""Pages of alerts: bench, warning, bulletin, phone page of a call, public feeds."""
