"""Listening to a call: from RTP packets to ringback, busy, special information tone, silence or other sound.

A tone is known by what it is made of and by its rhythm. So the sound is looked at in steps of 10 ms (`spectrum`): is
nearly all of it where tones are? Stretches where it is are bursts (`bursts`); of each the sines are worked out to a
hertz or two, and how much of the sound they explain (`sines`). Bursts and the silences between them are then held
against the countries' plans (`cadence`), three rising ones against the classes of special information tones
(`triples`). What speech or music is made of changes too fast, or is too much else, to be explained by one to three
steady sines.

Packets that are lost are known to be lost (`timeline`): what was in them is neither tone nor silence, and a burst that
begins or ends in such a hole has a length from ... to ....

NumPy comes with the extra ``ears``.
"""

from .heard import Fit, Heard, What
from .listener import Ears
from .recording import Recording

__all__ = ["Ears", "Fit", "Heard", "Recording", "What"]
