"""Conduct: what a caller does wrong on the wire, with the section of the RFC that it breaks. Sans-IO."""
