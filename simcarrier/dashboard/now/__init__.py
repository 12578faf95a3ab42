"""What the carrier does at the moment: what is counted for it, how it stands, and what can be switched by hand."""
