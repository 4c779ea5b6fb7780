"""Orderway: Customer Order Management (TM Forum TAM 5.3) as one GraphQL graph over BSS backends."""
