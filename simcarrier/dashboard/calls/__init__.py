"""Calls, live and stored: which ones a filter means, the lines of a list, and all that there is to say of one."""
