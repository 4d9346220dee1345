-- Run once by PostgreSQL's image on an empty volume: a login for the public side. `estamp init` makes and grants the
-- narrow role `sonla_verifier`; this login is put into it here, so the role is made first.
CREATE ROLE sonla_verifier NOLOGIN;
CREATE ROLE public_side LOGIN PASSWORD 'change-me-too' IN ROLE sonla_verifier;
