"""What the commands `report`, `watch` and `pace` are made of: asking a store, telling what came of it."""
