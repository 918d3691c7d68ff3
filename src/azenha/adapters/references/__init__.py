"""References in: data that lies elsewhere becomes a file. Implements `Fetch` of usecases.ports, scheme by scheme."""
