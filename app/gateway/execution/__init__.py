"""Runs checked operations: compiled to Python where that is possible (`plan`, `code`, `run`), else by graphql-core.

Answers do not depend on which of the two it is. Nothing here knows a type of the schema or what a resolver does.
"""
