"""Who is calling, and what they may do: tokens and access rules. Knows nothing of HTTP or the graph."""
