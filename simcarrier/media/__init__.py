"""Audio of calls: RTP, G.711, digits, tones and announcements, and an ear for them. Bytes and numbers in and out.

What a carrier plays is made into G.711 once, when it is loaded; a packet is then a slice of a table. Only the listening
side, `simcarrier.media.ears`, and the conversion of announcements need NumPy.
"""
