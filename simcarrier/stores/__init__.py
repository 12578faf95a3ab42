"""Where records are kept: SQLite, PostgreSQL, JSON Lines, Parquet; how they get there, and how others' records do."""
