"""Others' call records made rows of ours: mappings, the files and tables they come in, and the import itself."""
