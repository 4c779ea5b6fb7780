"""The demo: a sales channel of its own that places a sample order through the public GraphQL API and shows it live."""
