"""The guides: docs/ built by ProperDocs (MkDocs 1.x) into a site and the one file that `/help/` is served from."""
