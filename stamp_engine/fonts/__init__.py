"""The font that sheets are set in."""
