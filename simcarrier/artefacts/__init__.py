"""What a run leaves behind or sends along: captures, HEP, a page, events. Each is an attachment, one a file."""
