"""The rules of the trade as data: states, roles, units, refusals. Pure: no database, no Flask, no clock."""
