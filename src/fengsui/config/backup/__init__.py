"""Backup and restore of the private cluster: base backups, the archive of its write-ahead log, secrets."""
