"""The graph as a whole."""

from typing import Final

import strawberry
from strawberry.schema.config import StrawberryConfig

from resolvers import errors
from resolvers.guard import guard
from resolvers.mutations import Mutation
from resolvers.queries import Query
from resolvers.queries.federation import ANY
from resolvers.scalars import SCALARS
from resolvers.subscriptions import Subscription
from resolvers.types.customer import BillingAccount, Product
from resolvers.types.event import EVENT_TYPES
from resolvers.types.place import GeographicAddress
from resolvers.types.work import WorkItem

schema: Final = strawberry.Schema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    types=[
        BillingAccount,
        Product,
        GeographicAddress,
        WorkItem,
        *EVENT_TYPES,
        errors.NotFound,
        errors.StaleVersion,
        errors.IdempotencyConflict,
        errors.ExternalIdTaken,
        errors.ValidationFailed,
        errors.NotAllowedInState,
        errors.NotInControl,
        errors.SlotUnavailable,
        errors.PointOfNoReturnPassed,
        errors.ChargeNotAccepted,
        errors.WorkClaimed,
        errors.TooLate,
        errors.ChangedSince,
    ],
    config=StrawberryConfig(scalar_map={**SCALARS, **ANY}, enable_experimental_incremental_execution=True),
)
guard(schema._schema)  # the only door that Strawberry has to the executable schema
