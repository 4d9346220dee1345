"""The management side: organisations, products, lots, orders, printing, activation, recalls. Holds no key."""
