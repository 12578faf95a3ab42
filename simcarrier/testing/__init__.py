"""The test kit: what simcarrier is tested with, and what its users may test with."""
