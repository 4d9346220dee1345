"""Data files the platform ships: administrative units."""
