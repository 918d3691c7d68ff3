"""The OpenAPI 3.0 definition of what is served (OGC 18-062r2 §9.5, requirements class oas30)."""
