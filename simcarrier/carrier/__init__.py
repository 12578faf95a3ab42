"""The simulated carrier, sans-IO: what it decides about a call, and how it acts that out.

`carrier.Carrier` decides: rules and resources give a ladder of behaviours. `switch.Switch` acts: it takes the calls
from a user agent, climbs their ladders in time, and writes the journal.
"""
