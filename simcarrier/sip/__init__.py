"""The protocol, without input and output: bytes and the time go in, bytes and facts come out. Standard library only.

From the bottom: `grammar`, `uri`, `address`, `via`, `reason` read the parts; `message`, `parse` and `framing` the
whole; `digest`, `sdp`, `session_timer` are the extensions' own small languages. `timers` and `transaction` make
messages reliable, `endpoint` keeps the transactions, `dialog` and `session` what outlives them, `callee` and
`caller` are the two ends of a call, and `agent` is what an application talks to.
"""
