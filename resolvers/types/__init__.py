"""The nouns of the graph, one module each."""
