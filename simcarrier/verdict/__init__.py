"""The verdict on a run: what its scenario expects, held against what happened."""
