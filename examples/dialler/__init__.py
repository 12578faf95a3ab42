"""A small asyncio dialler, right and wrong: what the scenarios ``dialler-*.yaml`` expect tells them apart."""
