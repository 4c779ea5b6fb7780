"""Decides and records: one module per verb. Each use case recalls, loads, decides, commits and signals.

No HTTP, no graph, no database query: backends come as connectors, orders through `app.store.port`.
"""
