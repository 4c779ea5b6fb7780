"""Who may use which field of the graph, and what of it: the rules as tables.

What is not named here is open to nobody at the root, and below it to everybody who may see what it belongs to. The
roles' rights are in `app/domain/access.py`; `resolvers/guard.py` puts both in front of the schema's resolvers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from app.domain.access import Right


class Rows(StrEnum):
    """Which rows of what a root field finds are an actor's own; `ROWS_SEEN` says it for each role."""

    NONE = "none"
    ORDERS = "orders"
    CUSTOMERS = "customers"
    BATCHES = "batches"
    WEBHOOKS = "webhooks"
    STAFF = "staff"


class Without(StrEnum):
    """What becomes of a field for who has no right to it."""

    ERROR = "error"
    """Null, with an error of the code FORBIDDEN."""
    NOTHING = "nothing"
    """Null, or an empty list: nobody needs to know that there is something."""
    MASK = "mask"
    """Three asterisks: a text that may not be null."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What it takes to use a root field, and which rows it then shows or changes."""

    right: Right
    rows: Rows = Rows.NONE


@dataclass(frozen=True, slots=True)
class FieldRule:
    """What it takes to see a field of a type, and what is shown `without`. `personal`: reading it is recorded."""

    right: Right
    without: Without = Without.ERROR
    personal: bool = False


@dataclass(frozen=True, slots=True)
class EntryRule:
    """Entries of a list that are `held_back` from who has no right to them; the others are shown."""

    right: Right
    held_back: Callable[[Any], bool]


_READ: Final = Rule(Right.READ_ORDERS, Rows.ORDERS)
_WRITE: Final = Rule(Right.WRITE_ORDERS, Rows.ORDERS)
_STEER: Final = Rule(Right.STEER_ORDERS, Rows.ORDERS)
_FORESEE: Final = Rule(Right.STEER_ORDERS, Rows.ORDERS)
_PROPOSE: Final = Rule(Right.PROPOSE_CHANGES, Rows.ORDERS)
_TEND: Final = Rule(Right.TEND_PRODUCTS, Rows.CUSTOMERS)
_BATCH: Final = Rule(Right.READ_ORDERS, Rows.BATCHES)
_HOOKS: Final = Rule(Right.READ_ORDERS, Rows.WEBHOOKS)
_CATALOG: Final = Rule(Right.READ_CATALOG)
_PLACES: Final = Rule(Right.READ_PLACES)
_INTERNAL: Final = Rule(Right.READ_INTERNAL, Rows.STAFF)
_WORK: Final = Rule(Right.WORK_LISTS, Rows.STAFF)
_FALLOUT: Final = Rule(Right.RESOLVE_FALLOUT, Rows.STAFF)

ROOT: Final[Mapping[str, Rule]] = {
    # these find what other queries find, and need what these need: see NODES
    "Query.node": _READ,
    "Query.nodes": _READ,
    "Query._entities": _READ,
    "Query.productOrder": _READ,
    "Query.productOrders": _READ,
    "Query.productOrderBatch": _BATCH,
    "Query.productOrderBatches": _BATCH,
    "Query.webhook": _HOOKS,
    "Query.webhooks": _HOOKS,
    "Query.workItems": _WORK,
    "Query.falloutSummary": _WORK,
    "Query.worklists": _WORK,
    "Query.validateProductOrder": Rule(Right.READ_DETAILS, Rows.ORDERS),
    "Query.previewCancellation": _FORESEE,
    "Query.previewHierarchyCancellation": _FORESEE,
    "Query.previewRevision": _FORESEE,
    "Query.previewHold": _FORESEE,
    "Query.previewRelease": _FORESEE,
    "Query.previewTakeBack": _FORESEE,
    "Query.previewPlaceProductOrder": _WRITE,
    "Query.previewFalloutDecision": _FALLOUT,
    "Query.previewCancellationDecision": _FALLOUT,
    "Query.previewClaimWork": _WORK,
    "Query.previewReleaseWork": _WORK,
    "Query.previewCompleteTask": _WORK,
    "Query.previewOwnershipConsent": Rule(Right.TEND_PRODUCTS, Rows.ORDERS),
    "Query.previewOwnershipChange": _TEND,
    "Query.previewMove": _TEND,
    "Query.previewRepackage": _TEND,
    "Query.previewChangeProduct": _TEND,
    "Query.previewSuspendProduct": _TEND,
    "Query.previewResumeProduct": _TEND,
    "Query.previewRenewProduct": _TEND,
    "Query.previewDiscontinueProduct": _TEND,
    "Query.customer": Rule(Right.READ_CUSTOMERS, Rows.CUSTOMERS),
    "Query.customers": Rule(Right.SEARCH_CUSTOMERS, Rows.STAFF),
    "Query.productOffering": _CATALOG,
    "Query.productOfferings": _CATALOG,
    "Query.qualifyCustomer": Rule(Right.READ_CATALOG, Rows.CUSTOMERS),
    "Query.checkProductConfiguration": Rule(Right.READ_CATALOG, Rows.CUSTOMERS),
    "Query.availableResources": _CATALOG,
    "Query.salesChannels": _CATALOG,
    "Query._service": _CATALOG,  # and a role that may see the schema: the gateway's own setting
    "Query.rulebook": _INTERNAL,
    "Query.backendLoad": _INTERNAL,
    "Query.taskDurations": _INTERNAL,
    "Query.auditLog": Rule(Right.READ_AUDIT, Rows.STAFF),
    "Query.validateAddress": _PLACES,
    "Query.serviceability": _PLACES,
    "Query.timeSlots": _PLACES,
    "Mutation.createProductOrder": _WRITE,
    "Mutation.checkoutCart": _WRITE,
    "Mutation.addProductOrderItem": _WRITE,
    "Mutation.changeProductOrderItem": _WRITE,
    "Mutation.removeProductOrderItem": _WRITE,
    "Mutation.setProductOrderPlace": _WRITE,
    "Mutation.setProductOrderAppointment": _WRITE,
    "Mutation.reserveProductOrderResource": _WRITE,
    "Mutation.assessProductOrderCredit": _WRITE,
    "Mutation.setProductOrderPayment": _WRITE,
    "Mutation.prepareProductOrderAgreement": _WRITE,
    "Mutation.signProductOrderAgreement": _WRITE,
    "Mutation.discardProductOrder": _WRITE,
    "Mutation.takeOverProductOrder": _WRITE,
    "Mutation.submitProductOrder": _WRITE,
    "Mutation.placeProductOrder": _WRITE,
    "Mutation.placeProductOrders": Rule(Right.WRITE_ORDERS, Rows.BATCHES),
    "Mutation.cancelProductOrder": _STEER,
    "Mutation.cancelProductOrderHierarchy": _STEER,
    "Mutation.takeBackProductOrder": _STEER,
    "Mutation.reviseProductOrder": _STEER,
    "Mutation.rescheduleProductOrder": _STEER,
    "Mutation.changeProductOrderPriority": _STEER,
    "Mutation.addProductOrderNote": _STEER,
    "Mutation.requestProductOrderChange": _PROPOSE,
    "Mutation.withdrawProductOrderChangeRequest": _PROPOSE,
    "Mutation.resolveProductOrderChangeRequest": _WORK,
    "Mutation.holdProductOrder": _STEER,
    "Mutation.releaseProductOrder": _STEER,
    "Mutation.changeProduct": _TEND,
    "Mutation.suspendProduct": _TEND,
    "Mutation.resumeProduct": _TEND,
    "Mutation.renewProduct": _TEND,
    "Mutation.discontinueProduct": _TEND,
    "Mutation.changeProductOwnership": _TEND,
    "Mutation.consentToOwnershipChange": Rule(Right.TEND_PRODUCTS, Rows.ORDERS),
    "Mutation.moveProduct": _TEND,
    "Mutation.repackageProducts": _TEND,
    "Mutation.resolveFallout": _FALLOUT,
    "Mutation.resolveFallouts": _FALLOUT,
    "Mutation.registerWebhook": _HOOKS,
    "Mutation.unregisterWebhook": _HOOKS,
    "Mutation.replayWebhook": _HOOKS,
    "Mutation.claimWork": _WORK,
    "Mutation.releaseWork": _WORK,
    "Mutation.completeTask": _WORK,
    "Mutation.decideCancellation": _FALLOUT,
    "Subscription.productOrderEvents": _READ,
    "Subscription.productOrder": _READ,
    "Subscription.customerOrderEvents": Rule(Right.READ_DETAILS, Rows.ORDERS),
    "Subscription.dealerOrderEvents": _READ,
    "Subscription.worklistEvents": _WORK,
    "Subscription.jeopardyEvents": Rule(Right.READ_DETAILS, Rows.ORDERS),
    "Subscription.productOrderBatchProgress": _BATCH,
}
"""Every root field; the gateway does not start while one is missing."""

NODES: Final[Mapping[str, Rule]] = {
    "ProductOrder": ROOT["Query.productOrder"],
    "Customer": ROOT["Query.customer"],
    "ProductOffering": ROOT["Query.productOffering"],
    "GeographicAddress": _PLACES,
    "Product": ROOT["Query.customer"],
    "BillingAccount": ROOT["Query.customer"],
    "ProductOrderBatch": ROOT["Query.productOrderBatch"],
    "WorkItem": ROOT["Query.workItems"],
}
"""What it takes to find each type of node by its id; a type without a rule is not found."""

_DETAILS: Final = Right.READ_DETAILS
_CONTACT: Final = Right.READ_CONTACT
FIELDS: Final[Mapping[str, FieldRule]] = {
    "Customer.name": FieldRule(_CONTACT, Without.MASK, personal=True),
    "Customer.email": FieldRule(_CONTACT, personal=True),
    "Customer.phone": FieldRule(_CONTACT, personal=True),
    "Customer.sites": FieldRule(_CONTACT, personal=True),
    "Customer.bills": FieldRule(Right.READ_FINANCES, personal=True),
    "Customer.interactions": FieldRule(Right.READ_FINANCES, personal=True),
    "Customer.paymentMethods": FieldRule(Right.READ_PAYMENTS, personal=True),
    "Customer.billingAccounts": FieldRule(Right.READ_CUSTOMERS, personal=True),
    "Party.name": FieldRule(_CONTACT, Without.MASK, personal=True),
    "Party.birthDate": FieldRule(Right.READ_IDENTITY, personal=True),
    "Product.charges": FieldRule(Right.READ_FINANCES, personal=True),
    "ProductOrder.customerName": FieldRule(_CONTACT, Without.MASK, personal=True),
    "ProductOrder.place": FieldRule(_CONTACT, personal=True),
    "ProductOrder.credit": FieldRule(_DETAILS, personal=True),
    "ProductOrder.payments": FieldRule(Right.READ_PAYMENTS, personal=True),
    "ProductOrder.messages": FieldRule(_CONTACT, personal=True),
    "ProductOrder.journals": FieldRule(Right.READ_INTERNAL),
    "ProductOrderItem.place": FieldRule(_CONTACT, personal=True),
    "ProductOrderItem.movedFrom": FieldRule(_CONTACT, personal=True),
    "OwnershipChange.acceptorName": FieldRule(_CONTACT, personal=True),
    "CreditAssessment.score": FieldRule(Right.READ_INTERNAL, Without.NOTHING),
    "PaymentChoice.label": FieldRule(Right.READ_PAYMENTS, Without.MASK, personal=True),
    "Document.content": FieldRule(Right.READ_DOCUMENTS, personal=True),
    "GeographicAddress.resources": FieldRule(Right.READ_INTERNAL),
    "GeographicAddress.drift": FieldRule(Right.READ_INTERNAL),
    "Jeopardy.queue": FieldRule(Right.READ_INTERNAL, Without.NOTHING),
    "Task.attention": FieldRule(Right.WORK_LISTS, Without.NOTHING),
    "Task.entered": FieldRule(Right.WORK_LISTS, Without.NOTHING),
    "ProductOrderEvent.customerKey": FieldRule(_DETAILS, Without.MASK),
    "ProductOrderEvent.summary": FieldRule(_DETAILS, Without.MASK),
    "Actor.subject": FieldRule(_DETAILS, Without.MASK),
    "Actor.onBehalfOf": FieldRule(_DETAILS, Without.NOTHING),
    "ProductOrderStateChangeEvent.itemChanges": FieldRule(_DETAILS, Without.NOTHING),
}
"""Fields of types that need more than seeing what they belong to. A rule of an interface holds for its types."""

ENTRIES: Final[Mapping[str, EntryRule]] = {
    "ProductOrder.notes": EntryRule(Right.READ_INTERNAL, lambda note: note.internal),
    "ProductOrder.differences": EntryRule(
        Right.READ_INTERNAL, lambda difference: difference.path.startswith(("/notes/", "/credit/score"))
    ),
}
"""Lists of which not everybody who sees them sees every entry."""

STATUS_ONLY: Final[Mapping[str, frozenset[str]]] = {
    "ProductOrder": frozenset(
        {
            "id",
            "key",
            "version",
            "state",
            "statusText",
            "priority",
            "category",
            "channel",
            "controlledBy",
            "sellerKey",
            "externalIds",
            "failurePolicy",
            "sequencing",
            "createdAt",
            "updatedAt",
            "submittedAt",
            "completedAt",
            "expectedCompletionAt",
            "timeline",
        }
    ),
}
"""Types of which only these fields are open to who may not read details; every other field needs READ_DETAILS.

What is shown of the others without that right is as little as the schema lets: nothing, three asterisks, or an error.
"""
