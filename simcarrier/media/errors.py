"""What is wrong with what a peer sent, or with a file of sound."""

from __future__ import annotations


class MediaError(ValueError):
    """Bytes from the network are not what they are taken for; the text says why and never holds the bytes."""


class SoundError(ValueError):
    """A tone, a plan or a sound file cannot be used; the text says which and why."""
