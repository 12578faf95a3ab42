"""What a run serves over HTTP: the control API for diallers in any language, and metrics.

`server` has the sockets, `access` says who may speak, `problems` how a refusal is told. `control` puts the operations
of the API beside their documentation; `rules`, `weather`, `seen` and `stream` are what they act on. Everything runs in
the carrier's own loop, so what an operation does it does between two calls. Pages can be served by the same server:
they are routes beside those of the API.
"""
