"""The verdict on a run: what its scenario expects, held against what happened.

`verdict.Verdict` is told of every call when it has ended, and judges when the run is over. One file each judges one
expectation; the models of the same names are in `simcarrier.scenario.expectations`.

*Time.* A judge goes by what the dialler could know. It knows of a refusal when its ACK has come: a call that was sent
before that is no retry. Records arrive as calls end, and a refused call ends with its ACK; so every call that begins
later is told later, and judging needs no sorting.

*Memory.* A run may be long, so a judge keeps counts, and of numbers and callers the most recent ones only; where that
may have cost it something its outcome says so.
"""
