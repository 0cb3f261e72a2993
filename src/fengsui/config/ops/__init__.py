"""Running Fengsui: private database cluster, broker, supervisor, checks. Nothing here knows the domain."""
