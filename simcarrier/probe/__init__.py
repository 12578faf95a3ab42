"""The calling side: probe calls to a simulated or a real trunk, placed safely, none left hanging, each with a verdict.

`plan` says whom to call and what is expected, `guard` alone permits a call, `attempt` is one call with its deadlines,
`campaign` says which call is next, `client` has the network, `verdict` says what was seen means. All but `client` and
`resolve` decide without sockets or a clock.
"""
