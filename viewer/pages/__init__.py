"""One module per page: PATH, TITLE, `layout(pool, parameters)` and `register(app, pool)`."""
