"""The page of deliverability: what a reader asks for, and what becomes of the figures on the way to a screen.

The figures are those of `simcarrier.deliverability`. Whatever can be told from the sums beside the calls is told from
them; what needs the calls themselves is asked of a bounded number. Each section is a question of its own to the book:
a page that is opened shows what is known by then, and the rest comes when it is there (`waiting`).
"""
