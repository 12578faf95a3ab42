"""How a run is shown: plain text, JSON lines, or a live view on a terminal."""
