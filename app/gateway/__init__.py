"""The graph as a service: GraphQL over HTTP and WebSocket, health, limits, GraphiQL.

Is given a schema and knows no type of it; business, stores and backends are reached through the schema only.
"""
