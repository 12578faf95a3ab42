"""The scenario as running: its text, its rules with what they took, and a text that is to take its place."""
