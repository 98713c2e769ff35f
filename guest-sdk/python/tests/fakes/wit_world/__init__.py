"""A host for tests: what componentize-py would generate."""
