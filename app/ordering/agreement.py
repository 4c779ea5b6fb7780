"""Have the contract drawn up, kept with the documents, and signed (TMF667)."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from app.domain.access import Right
from app.domain.actor import Actor
from app.domain.order import Agreement, ProductOrder
from app.domain.rules.documents import content_of, signature_required
from app.domain.violations import Violation, ViolationCode
from app.ordering.drafts import case_of, established, gather, load_draft, record_edit, require
from app.ordering.ordering import OrderAsk, Ordering, load, recall
from app.ordering.outcomes import Committed, NotFound, Outcome, ValidationFailed
from app.store.port import StoredOrder
from connectors.backends import Backends
from connectors.documents import Document, SignatureState


@dataclass(frozen=True, slots=True, kw_only=True)
class PrepareAgreement(OrderAsk):
    """The contract for the draft as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignAgreement(OrderAsk):
    """The customer's signature, taken by the channel."""

    signed_by: str


async def prepare_agreement(ordering: Ordering, actor: Actor, ask: PrepareAgreement) -> Outcome:
    """The draft with its contract and summary, drawn up and kept. Raises BackendFailure, NotPermitted."""
    if earlier := await recall(ordering, actor, ask):
        return earlier
    stored = await load_draft(ordering, actor, ask, "draw up its contract")
    if not isinstance(stored, StoredOrder):
        return stored
    facts = (await gather(ordering, stored.order)).need("catalog")
    priced = established(stored.order, facts, ordering.clock())
    # who has its products repackaged is asked to sign, even where a new sale would not need it
    signature = priced.repackaging is not None or signature_required(case_of(ordering, priced, facts))
    agreement = await drawn_up(ordering.backends, priced, signature=signature)
    agreed = replace(priced, agreement=agreement)
    summary = f"contract drawn up, version {agreement.version}"
    return await record_edit(ordering, actor, ask, stored, agreed, facts, changed=("/agreement",), summary=summary)


async def drawn_up(backends: Backends, order: ProductOrder, *, signature: bool) -> Agreement:
    """The contract and summary for what the order says now, kept with the documents. Repeatable. Raises BackendFailure.

    `signature`: whether the contract has to be signed.
    """
    # drawing takes half a second to load, which only those who draw should wait for
    from app.ordering.paper import contract_pdf, summary_pdf

    version = order.agreement.version + 1 if order.agreement else 1
    # of the order's own time, not now: a repeated request must store the same papers
    at = order.updated_at
    contract, summary = await asyncio.gather(
        _kept(backends, order, contract_pdf, "contract", version=version, at=at, signature=signature),
        _kept(backends, order, summary_pdf, "contractSummary", version=version, at=at, signature=False),
    )
    return Agreement(
        version=version,
        content=content_of(order),
        contract_id=contract.id,
        summary_id=summary.id,
        signature_required=signature,
        prepared_at=at,
    )


async def _kept(
    backends: Backends,
    order: ProductOrder,
    written: Callable[..., bytes],
    kind: str,
    *,
    version: int,
    at: datetime,
    signature: bool,
) -> Document:
    content = await asyncio.to_thread(written, order, version=version, at=at)
    name = f"{order.id}:{kind}:{version}"
    return await backends.documents.store(
        name=f"{'Contract' if kind == 'contract' else 'Contract summary'} of order {order.id}",
        document_type=kind,
        version=str(version),
        order_id=order.id,
        customer_id=order.customer_id,
        content=content,
        mime_type="application/pdf",
        signature_required=signature,
        external_id=name,
        # what is said is part of the key: a contract that was drawn up and never recorded does not stand in the way
        key=f"{name}:{content_of(order)[:16]}:{at.isoformat()}",
    )


async def sign_agreement(ordering: Ordering, actor: Actor, ask: SignAgreement) -> Outcome:
    """Have the contract signed at the documents' own place; whoever waits for the signature finds it there.

    The order itself does not change. Raises BackendFailure, NotPermitted.
    """
    require(actor, Right.WRITE_ORDERS)
    if earlier := await recall(ordering, actor, ask):
        return earlier
    stored = await load(ordering, actor, ask)
    if not isinstance(stored, StoredOrder):
        return stored
    agreement = stored.order.agreement
    if agreement is None:
        return NotFound("/orderId", "/orderId: the order has no contract; have it drawn up first (agreementPrepared).")
    signed = await ordering.backends.documents.sign(
        agreement.contract_id, signed_by=ask.signed_by, key=f"{agreement.contract_id}:sign"
    )
    if signed is None or signed.signature is not SignatureState.SIGNED:
        state = signed.signature if signed else "gone"
        message = f"/orderId: the contract is not open for a signature, it is {state} (signatureRequested)."
        return ValidationFailed((Violation("signatureRequested", "/orderId", ViolationCode.INVALID_VALUE, message),))
    return Committed(stored.order)
