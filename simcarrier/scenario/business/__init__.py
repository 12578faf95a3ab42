"""The business of a carrier as a scenario writes it: customers, trunks, numbering, callers, subscribers, weather."""
