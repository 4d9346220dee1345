"""The stamp engine: signed, serialised QR stamps from keys and an index. Pure, and usable alone."""
