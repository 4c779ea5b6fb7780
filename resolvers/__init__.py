"""The graph: types, queries, mutations, subscriptions. Thin: no business rule, no HTTP, no database query.

A type describes values as they are in the domain or come from a connector; they are not copied into it.
"""
