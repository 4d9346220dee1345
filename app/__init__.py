"""The management side: offices, producers, print houses, and the worker that mints for them."""
