"""Outputs as OGC services: their addresses, and what goes wrong there."""
