"""What response codes say over time: shares, windows, baselines, alerts, and how fast a number may call.

One call tells little; a thousand calls of one number tell whether networks take it for spam. What is asked of the
records is plain SQL with times as whole milliseconds, the same text on SQLite, DuckDB and PostgreSQL (`statements`).
Shares are pairs of whole numbers and are compared as such, so no database rounds them in its own way. Nothing here
reads a clock or opens a file: `now` comes in, and so does whatever answers queries.
"""
