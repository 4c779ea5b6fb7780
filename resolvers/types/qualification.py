"""What a customer or prospect may have at a place, and on which conditions (TMF679)."""

from datetime import date, datetime

import strawberry
from strawberry import field

from app.domain import qualification
from resolvers.context import Info
from resolvers.enums import ConditionKind, QualificationResult
from resolvers.fields import loaded, resolved
from resolvers.loaders import Loaders
from resolvers.types.money import Money
from resolvers.types.offering import ProductOffering
from resolvers.types.violation import Violation


@strawberry.input(description="Somebody who is no customer yet, as far as they tell.")
class ProspectInput:
    market_segment: str | None = field(default=None, description="For example consumer or business.")
    market: str | None = field(default=None, description="For example a country.")
    birth_date: date | None = field(default=None, description="For offerings with an age limit.")


@strawberry.input(description="Who asks for what, where.")
class QualifyCustomerInput:
    customer_id: strawberry.ID | None = field(
        default=None, description="The customer: id or customer number; null: a prospect."
    )
    prospect: ProspectInput | None = field(default=None, description="What is known of a prospect.")
    place_id: strawberry.ID | None = field(default=None, description="Where: a validated address, id or key.")
    offering_ids: list[strawberry.ID] | None = field(
        default=None, description="For these offerings, id or key; null: for everything that is sold."
    )
    credit_consent: bool = field(
        default=False, description="Whether the customer agrees that the credit bureau is asked."
    )


@strawberry.type(description="What has to be fulfilled before the offering can be had.")
class QualificationCondition:
    kind: ConditionKind = field(description="What kind of condition.")
    text: str = field(description="The condition, for people.")
    deposit: Money | None = field(description="The deposit that is asked for.")
    place_ids: list[strawberry.ID] = field(description="Keys of the addresses where it can be had.")
    offering_ids: list[strawberry.ID] = field(description="Keys of the offerings of which one is needed as well.")


async def _alternatives(root: strawberry.Parent[qualification.OfferingQualification], info: Info) -> list[object]:
    found = await info.context.loaders.offering_by_id.load_many(root.alternatives)
    return [offering for offering in found if offering is not None]


@strawberry.type(description="What was found out about one offering (TMF679 productOfferingQualificationItem).")
class OfferingQualification:
    offering_key: str = resolved(str, lambda root: root.offering_id, "Id of the offering in the catalog (TMF620).")
    offering_name: str = field(description="Its name.")
    offering = resolved(
        ProductOffering | None, loaded(Loaders.offering_by_id, lambda root: root.offering_id), "The offering (TMF620)."
    )
    result: QualificationResult = field(description="Whether it can be had.")
    reasons: list[Violation] = field(description="Why it cannot be had.")
    conditions: list[QualificationCondition] = field(description="On which conditions it can be had.")
    missing: list[str] = field(description="The sources that gave no answer about it.")
    guaranteed_until: datetime | None = field(description="Until when this holds; null: it cannot be had.")
    alternative_keys: list[str] = resolved(
        list[str], lambda root: root.alternatives, "Keys of offerings that can be had instead."
    )
    alternatives = resolved(list[ProductOffering] | None, _alternatives, "Offerings that can be had instead (TMF620).")


@strawberry.type(description="What one source said.")
class QualificationEvidence:
    source: str = field(description="The backend.")
    answered: bool = field(description="Whether it gave an answer.")
    text: str = field(description="The answer, for people.")
    reference: str | None = field(description="The backend's own id of its answer.")


@strawberry.type(description="What somebody may have, judged by the rules that an order must keep (TMF679).")
class CustomerQualification:
    at: datetime = field(description="When it was found out.")
    partial: bool = field(description="Whether a source gave no answer, so that less is known than could be.")
    items: list[OfferingQualification] = field(description="The offerings asked for.")
    evidence: list[QualificationEvidence] = field(description="What each source said.")
    unknown_offering_ids: list[strawberry.ID] = field(description="What was asked for and is not in the catalog.")
