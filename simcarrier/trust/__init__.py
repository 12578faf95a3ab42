"""Signatures: of blocks (the 608 jCard of RFC 8688), of callers (STIR/SHAKEN), and a test PKI for both.

`jcard`, `card_damage` and `fault` need the standard library only. What signs or verifies needs the extra ``trust``, so
import those modules where they are used; without the extra that import raises `extra.MissingExtra`, which says what to
install.
Nothing here reads a clock: ``now`` is in seconds since 1970. Only `fetch` does network IO.
"""
