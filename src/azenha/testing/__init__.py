"""Conformance suites: what every implementation of a port must do. For our own tests, and for other people's."""
