"""The API's plumbing: who asks (tokens and scopes), problem details, paging, idempotency keys, ETags, its description.

Operations themselves are in each app's `api.py`; they call the same actions under the same policy as the pages.
"""
