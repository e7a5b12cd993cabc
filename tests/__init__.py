"""The tests. Those of operations are driven by the registry: every row has samples and runs everywhere."""
