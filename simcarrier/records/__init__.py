"""What happened, kept: the record of a call, and the journal of a run."""
