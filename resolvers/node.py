"""Relay's Node: everything that can be found again by its id."""

import strawberry
from strawberry import field


@strawberry.interface(description="Something that can be found again by its id (Relay).")
class Node:
    id: strawberry.ID = field(description="Opaque id, unique in the whole graph.")
