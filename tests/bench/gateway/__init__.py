"""The gateway beside other GraphQL servers: one schema and backend, several contenders, ratios within one run."""
