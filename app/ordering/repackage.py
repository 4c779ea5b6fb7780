"""Make owned products parts of another offering: compared beforehand, quoted and agreed where much is taken on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.domain.access import Right
from app.domain.actor import Actor
from app.domain.catalog import Offering
from app.domain.facts import OwnedProduct, QuoteFact
from app.domain.money import Money
from app.domain.order import Repackaging
from app.domain.repackage import TARGET, Comparison, ComponentWish, Part, compare, decide, items_of
from app.domain.request import OrderRequest, draft_of
from app.domain.rules.case import Case
from app.domain.termination import with_terminations
from app.domain.violations import Violation, ViolationCode
from app.ordering.as_facts import owned_product, quote_fact
from app.ordering.create import start_draft, with_seller
from app.ordering.drafts import case_of, established, gather, require
from app.ordering.facts import offerings_by_ids
from app.ordering.ordering import Ask, Ordering, recall
from app.ordering.outcomes import Committed, NotFound, Outcome, Refusal, ValidationFailed, in_input
from app.ordering.place import place, preview_placement
from app.ordering.preview import Preview
from app.ordering.reach import reached

MOST_PRODUCTS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class RepackageProducts(Ask):
    """Which products become parts of which offering. `components` None: what the offering takes of them.

    `as_draft`: it is not placed yet, so that its contract can be drawn up and signed first.
    """

    product_ids: tuple[str, ...]
    target_offering_id: str
    reason: str
    components: tuple[ComponentWish, ...] | None = None
    quote_id: str | None = None
    credit_consent: bool = False
    accepted_charge: Money | None = None
    start_at: datetime | None = None
    as_draft: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RepackagePreview:
    """What it would do: the order, and the comparison; that is told even when something still stands in the way."""

    preview: Preview
    parts: tuple[Part, ...] = ()
    comparison: Comparison | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    request: OrderRequest
    parts: tuple[Part, ...]
    paths: Mapping[str, str]


async def repackage_products(ordering: Ordering, actor: Actor, ask: RepackageProducts) -> Outcome:
    """The order that does it, or its draft. Raises BackendFailure, NotPermitted."""
    require(actor, Right.TEND_PRODUCTS)
    if earlier := await recall(ordering, actor, ask):
        return earlier
    wanted = await _wanted(ordering, actor, ask)
    if not isinstance(wanted, _Wanted):
        return wanted
    begin = start_draft if ask.as_draft else place
    outcome = await begin(ordering, actor, ask, wanted.request)
    return outcome if isinstance(outcome, Committed) else in_input(outcome, wanted.paths)


async def preview_repackage(ordering: Ordering, actor: Actor, ask: RepackageProducts) -> RepackagePreview:
    """What `repackage_products` would do now. Changes nothing. Raises BackendFailure, NotPermitted."""
    require(actor, Right.TEND_PRODUCTS)
    wanted = await _wanted(ordering, actor, ask)
    if not isinstance(wanted, _Wanted):
        return RepackagePreview(preview=Preview(refusals=(wanted,)))
    return RepackagePreview(
        preview=(await preview_placement(ordering, actor, wanted.request)).in_input(wanted.paths),
        parts=wanted.parts,
        comparison=await _compared(ordering, actor, wanted.request),
    )


async def _compared(ordering: Ordering, actor: Actor, request: OrderRequest) -> Comparison:
    """Before and after, as far as the rules let it be told. Raises BackendFailure."""
    at = ordering.clock()
    draft = draft_of(with_seller(request, actor), actor, order_id=ordering.new_id(), at=at)
    facts = (await gather(ordering, draft)).need("catalog", "inventory")
    case: Case = case_of(ordering, established(draft, facts, at), facts)
    return compare(with_terminations(case), facts.owned, facts.offerings, draft.takes_effect_at(at))


async def _wanted(ordering: Ordering, actor: Actor, ask: RepackageProducts) -> _Wanted | Refusal:
    """The order for the products' owner. Raises BackendFailure."""
    if not 1 <= len(ask.product_ids) <= MOST_PRODUCTS or len(set(ask.product_ids)) != len(ask.product_ids):
        return _wrong("/productIds", "productsNamed", f"name 1 to {MOST_PRODUCTS} products, each once")
    known = await ordering.backends.inventory.by_ids(ask.product_ids)
    owners = [set(product.customer_ids) for product in known.values()]
    shared = set.intersection(*owners) if owners else set()
    owner = await reached(ordering, actor, sorted(shared))
    for n, product_id in enumerate(ask.product_ids):
        if product_id not in known or owner is None or known[product_id].offering_id is None:
            path = f"/productIds/{n}"
            return NotFound(path, f"{path}: there is no product {product_id!r} (ownedProductKnown).")
    products = [owned_product(known[product_id]) for product_id in ask.product_ids]
    offerings = await _offerings(ordering, ask, products)
    target = offerings.get(ask.target_offering_id)
    if target is None:
        return NotFound(TARGET, f"{TARGET}: there is no offering {ask.target_offering_id!r} (offeringKnown).")
    parts = decide(target, products, offerings, ask.components)
    named = {part.product.id for part in parts if part.product and part.wish}
    for n, wish in enumerate(ask.components or ()):
        if wish.product_id is not None and wish.product_id not in named:
            message = f"product {wish.product_id!r} cannot become a {wish.offering_id!r}: it is made otherwise"
            return _wrong(f"/components/{n}/productId", "sameSpecification", message)
    quote = await _quote(ordering, ask.quote_id)
    items, paths = items_of(target, parts, quote)
    places = [product.place_id for product in products if product.place_id]
    accounts = [product.billing_account_id for product in products if product.billing_account_id]
    request = OrderRequest(
        customer_id=owner or "",
        items=items,
        place_id=next(iter(places), None),
        billing_account_id=next(iter(accounts), None),
        credit_consent=ask.credit_consent,
        accepted_charge=ask.accepted_charge,
        description=ask.reason,
        requested_start_at=ask.start_at,
        repackaging=Repackaging(target_offering_id=target.id, product_ids=ask.product_ids, quote_id=ask.quote_id),
    )
    paths = {**paths, "/repackaging/quoteId": "/quoteId", "/agreement": "/asDraft"}
    return _Wanted(request=request, parts=parts, paths=paths)


async def _offerings(
    ordering: Ordering, ask: RepackageProducts, products: Sequence[OwnedProduct]
) -> dict[str, Offering]:
    """The target, what it bundles, what is wished for, and what the products were sold as. Raises BackendFailure."""
    asked = {ask.target_offering_id, *(wish.offering_id for wish in ask.components or ())}
    asked |= {product.offering_id for product in products if product.offering_id}
    found = await offerings_by_ids(asked, ordering.backends)
    target = found.get(ask.target_offering_id)
    bundled = {bundled.offering_id for bundled in target.bundled} if target else set()
    return found | (await offerings_by_ids(bundled - found.keys(), ordering.backends) if bundled - found.keys() else {})


async def _quote(ordering: Ordering, quote_id: str | None) -> QuoteFact | None:
    """The quote, whoever's it is: the rules judge that. Raises BackendFailure."""
    if quote_id is None:
        return None
    found = (await ordering.backends.channels.quotes_by_ids([quote_id])).get(quote_id)
    return quote_fact(found) if found else None


def _wrong(path: str, rule: str, message: str) -> ValidationFailed:
    return ValidationFailed((Violation(rule, path, ViolationCode.INVALID_VALUE, f"{path}: {message} ({rule})."),))
