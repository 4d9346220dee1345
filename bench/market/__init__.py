"""A made-up market: packs, buyers, phones and counterfeiters, as the events a verifier would see. For development only.

Nothing here predicts a field rate. It ranks designs, and it shows how a detector holds in worlds it was not fitted to.
`worlds` draws the customs of a market, `places` its map, `packs` the life of goods and people, `attacks` the copies,
`phones` what of all this reaches a server, `trace` the lines that `estamp replay` reads.
"""
