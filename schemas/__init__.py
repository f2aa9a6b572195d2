"""The shape of every request and response body."""
