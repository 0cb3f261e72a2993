"""A bare Debian 13 booted by its own systemd, installed by the lines of the guides: `./fengsui test --machine`."""
