"""The pages on port 8050: Dash over the database, with a role that can only read."""
