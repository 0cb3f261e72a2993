"""`./fengsui bundle`: one archive from which a machine without any network is installed."""
