"""A carrier and its traffic on a virtual clock: no sockets, no messages, days in seconds."""
