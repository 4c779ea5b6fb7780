"""Every root field of the graph, asked for by every role: who may not use it is told so, and gets nothing."""

from collections.abc import Iterator
from inspect import iscoroutine
from types import SimpleNamespace

import pytest
from graphql import GraphQLField, GraphQLNonNull, is_required_argument

from app.domain.actor import Actor, Role
from app.ordering.drafts import NotPermitted
from resolvers.schema import schema
from tests import minimal
from tests.harness import Product

ROLES = {
    "C": Role.CUSTOMER,
    "A": Role.AGENT,
    "D": Role.DEALER,
    "F": Role.AFFILIATE,
    "O": Role.OPERATIONS,
    "V": Role.DEVELOPER,
    "S": Role.SYSTEM,
}
# Who may use what, as it was decided; typed here and not read from the policy, so that a change of it is seen.
MAY = {
    "CADFOVS": """
        Query._entities Query._service Query.node Query.nodes
        Query.productOrder Query.productOrders Query.productOrderBatch Query.productOrderBatches
        Query.productOffering Query.productOfferings Query.qualifyCustomer Query.checkProductConfiguration
        Query.availableResources Query.salesChannels Query.validateAddress Query.serviceability Query.timeSlots
        Query.webhook Query.webhooks Mutation.registerWebhook Mutation.unregisterWebhook Mutation.replayWebhook
        Subscription.productOrderEvents Subscription.productOrder Subscription.dealerOrderEvents
        Subscription.productOrderBatchProgress
    """,
    "CADOVS": """
        Query.validateProductOrder Query.customer
        Subscription.customerOrderEvents Subscription.jeopardyEvents
        Query.previewCancellation Query.previewHierarchyCancellation Query.previewRevision Query.previewHold
        Query.previewRelease
        Query.previewTakeBack Mutation.takeBackProductOrder
        Mutation.cancelProductOrder Mutation.cancelProductOrderHierarchy
        Mutation.reviseProductOrder Mutation.rescheduleProductOrder
        Mutation.changeProductOrderPriority Mutation.addProductOrderNote Mutation.holdProductOrder
        Mutation.releaseProductOrder
        Mutation.requestProductOrderChange Mutation.withdrawProductOrderChangeRequest
    """,
    "CADFVS": """
        Query.previewPlaceProductOrder
        Mutation.createProductOrder Mutation.checkoutCart Mutation.addProductOrderItem Mutation.changeProductOrderItem
        Mutation.removeProductOrderItem Mutation.setProductOrderPlace Mutation.setProductOrderAppointment
        Mutation.reserveProductOrderResource Mutation.assessProductOrderCredit Mutation.setProductOrderPayment
        Mutation.prepareProductOrderAgreement Mutation.signProductOrderAgreement Mutation.discardProductOrder
        Mutation.takeOverProductOrder Mutation.submitProductOrder Mutation.placeProductOrder
        Mutation.placeProductOrders
    """,
    "CADVS": """
        Query.previewOwnershipChange Query.previewMove Query.previewRepackage Query.previewChangeProduct
        Query.previewSuspendProduct Query.previewResumeProduct Query.previewRenewProduct
        Query.previewDiscontinueProduct Query.previewOwnershipConsent
        Mutation.changeProduct Mutation.suspendProduct Mutation.resumeProduct Mutation.renewProduct
        Mutation.discontinueProduct Mutation.changeProductOwnership Mutation.consentToOwnershipChange
        Mutation.moveProduct Mutation.repackageProducts
    """,
    "AOVS": """
        Query.customers Query.workItems Query.falloutSummary Query.worklists
        Query.rulebook Query.backendLoad Query.taskDurations
        Subscription.worklistEvents
        Query.previewClaimWork Query.previewReleaseWork Query.previewCompleteTask
        Mutation.claimWork Mutation.releaseWork Mutation.completeTask
        Mutation.resolveProductOrderChangeRequest
    """,
    "OVS": """
        Query.previewFalloutDecision Query.previewCancellationDecision Query.auditLog
        Mutation.resolveFallout Mutation.resolveFallouts Mutation.decideCancellation
    """,
}
ALLOWED = {name: letters for letters, names in MAY.items() for name in names.split()}
GRAPH = schema._schema
ROOTS = {kind.name: kind for kind in (GRAPH.query_type, GRAPH.mutation_type, GRAPH.subscription_type) if kind}
AT_ONCE = 8


def test_the_table_has_every_root_field_and_no_other() -> None:
    assert {f"{kind.name}.{name}" for kind in ROOTS.values() for name in kind.fields} == set(ALLOWED)


def together(fields: list[tuple[str, GraphQLField]]) -> Iterator[list[tuple[str, GraphQLField]]]:
    """Some fields at once; one that may not be null alone, as it takes the others' answers with it."""
    alone = [field for field in fields if isinstance(field[1].type, GraphQLNonNull)]
    others = [field for field in fields if field not in alone]
    yield from ([field] for field in alone)
    yield from (others[n : n + AT_ONCE] for n in range(0, len(others), AT_ONCE))


@pytest.mark.parametrize("letter", ROLES)
async def test_a_role_uses_what_it_may_and_is_refused_the_rest(product: Product, letter: str) -> None:
    token = product.token(ROLES[letter])
    refused, asked = set(), set()

    for operation in ("query", "mutation"):
        kind = ROOTS[operation.capitalize()]
        for some in together(list(kind.fields.items())):
            answer = await product.graphql(minimal.document(operation, some), token=token)
            assert answer.status == 200, answer.errors
            asked |= {f"{kind.name}.{name}" for name, _ in some}
            refused |= {
                f"{kind.name}.{error['path'][0]}"
                for error in answer.errors
                if error["extensions"]["code"] == "FORBIDDEN" and len(error["path"]) == 1
            }

    assert refused == {name for name in asked if letter not in ALLOWED[name]}


@pytest.mark.parametrize("letter", ROLES)
def test_a_role_follows_what_it_may(letter: str) -> None:
    actor = Actor(subject="x", role=ROLES[letter], channel="x")
    info = SimpleNamespace(context=SimpleNamespace(actor=actor))

    for name, field in ROOTS["Subscription"].fields.items():
        assert field.subscribe
        if letter in ALLOWED[f"Subscription.{name}"]:
            started = field.subscribe(None, info, **{n: "x" for n, a in field.args.items() if is_required_argument(a)})
            if iscoroutine(started):
                started.close()  # it need not begin
        else:
            with pytest.raises(NotPermitted):
                field.subscribe(None, info)
