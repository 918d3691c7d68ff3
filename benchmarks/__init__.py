"""How fast the server is, against floors measured in the same run: `python -m benchmarks` (docs/benchmarks.md)."""
