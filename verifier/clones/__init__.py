"""Signs that one code is on more than one pack. Pure: `detector` is the way in."""
