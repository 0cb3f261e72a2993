"""The API's part of command, one module a noun; `api.py` brings them together."""
