"""The verbs of the graph, one module each, named as in `app.ordering`: one input, one payload."""

from collections.abc import Callable
from typing import Any

import strawberry
from strawberry import field

from resolvers.demand import declared
from resolvers.mutations import (
    add_item,
    agreement,
    assess_credit,
    cancel,
    cancel_hierarchy,
    change_item,
    change_ownership,
    checkout,
    create,
    discard,
    hold,
    move,
    note,
    own,
    place,
    place_batch,
    remove_item,
    repackage,
    request_change,
    reserve,
    revise,
    set_appointment,
    set_payment,
    set_place,
    submit,
    take_back,
    take_over,
    webhook,
)
from resolvers.mutations.claim_work import ClaimWorkPayload, ReleaseWorkPayload, claim_work, release_work
from resolvers.mutations.complete_task import CompleteTaskPayload, complete_task
from resolvers.mutations.decide_cancellation import DecideCancellationPayload, decide_cancellation
from resolvers.mutations.resolve_fallout import ResolveFalloutPayload, resolve_fallout
from resolvers.mutations.resolve_fallouts import ResolveFalloutsPayload, resolve_fallouts


def verb(resolver: Callable[..., object], description: str, *, weight: int = 10) -> Any:  # stands for any field
    """A field that changes something."""
    return field(resolver=resolver, description=description, directives=declared(weight))


@strawberry.type(description="Everything that changes an order.")
class Mutation:
    create_product_order: create.CreateProductOrderPayload | None = verb(
        create.create_product_order,
        "Start a draft, with as much as is known. What is wrong is refused; what is missing may follow.",
    )
    checkout_cart: checkout.CheckoutCartPayload | None = verb(
        checkout.checkout,
        "Make a draft of what is active in a shopping cart (TMF663). A cart becomes one order only; paths "
        "of what is wrong point into the cart.",
    )
    add_product_order_item: add_item.AddProductOrderItemPayload | None = verb(
        add_item.add_product_order_item,
        "Put one more item into a draft.",
    )
    change_product_order_item: change_item.ChangeProductOrderItemPayload | None = verb(
        change_item.change_product_order_item,
        "Change an item of a draft: quantity, characteristics, relationships.",
    )
    remove_product_order_item: remove_item.RemoveProductOrderItemPayload | None = verb(
        remove_item.remove_product_order_item,
        "Take an item out of a draft.",
    )
    set_product_order_place: set_place.SetProductOrderPlacePayload | None = verb(
        set_place.set_product_order_place,
        "Say where a draft, or one item of it, is delivered. Refused when the place cannot be served.",
    )
    set_product_order_appointment: set_appointment.SetProductOrderAppointmentPayload | None = verb(
        set_appointment.set_product_order_appointment,
        "Hold a time slot for a technician's visit. A taken slot is answered with free ones.",
    )
    reserve_product_order_resource: reserve.ReserveProductOrderResourcePayload | None = verb(
        reserve.reserve_product_order_resource,
        "Reserve a telephone number or SIM for an item of a draft; it is given back when it is not used.",
    )
    assess_product_order_credit: assess_credit.AssessProductOrderCreditPayload | None = verb(
        assess_credit.assess_product_order_credit,
        "Have the credit bureau asked about a draft, with the customer's consent.",
    )
    set_product_order_payment: set_payment.SetProductOrderPaymentPayload | None = verb(
        set_payment.set_product_order_payment,
        "Say how a draft is paid: what is due before delivery, and the rest.",
    )
    prepare_product_order_agreement: agreement.PrepareProductOrderAgreementPayload | None = verb(
        agreement.prepare_product_order_agreement,
        "Have contract and summary drawn up for a draft as it is; they are kept with the documents.",
    )
    sign_product_order_agreement: agreement.SignProductOrderAgreementPayload | None = verb(
        agreement.sign_product_order_agreement,
        "Give the customer's signature to the contract of an order, taken by the channel.",
    )
    discard_product_order: discard.DiscardProductOrderPayload | None = verb(
        discard.discard_product_order,
        "Give a draft up; visits and numbers held for it are given back.",
    )
    take_over_product_order: take_over.TakeOverProductOrderPayload | None = verb(
        take_over.take_over_product_order,
        "Take control of a draft for your channel.",
    )
    submit_product_order: submit.SubmitProductOrderPayload | None = verb(
        submit.submit_product_order,
        "Publish a draft: it is checked again, its prices are frozen, and it is carried out.",
    )
    place_product_order: place.PlaceProductOrderPayload | None = verb(
        place.place_product_order,
        "Take a complete order in one request: it is checked, published and carried out.",
    )
    place_product_orders: place_batch.PlaceProductOrdersPayload | None = verb(
        place_batch.place_product_orders,
        "Take many complete orders at once. They are placed one by one, later: follow the batch. "
        "More than fit into one request are sent as JSON lines to POST /batches.",
    )
    cancel_product_order: cancel.CancelProductOrderPayload | None = verb(
        cancel.cancel_order,
        "Cancel an order that is under way, or items of it: what was done is taken back. "
        "previewCancellation says beforehand what that means.",
    )
    cancel_product_order_hierarchy: cancel_hierarchy.CancelProductOrderHierarchyPayload | None = verb(
        cancel_hierarchy.cancel_order_hierarchy,
        "Cancel an order and the orders that are parts of it, each as far as that is still possible for it: one that "
        "has come too far goes on. previewHierarchyCancellation says beforehand what that means for each.",
        weight=50,
    )
    take_back_product_order: take_back.TakeBackProductOrderPayload | None = verb(
        take_back.take_back_product_order,
        "Take back a completed order as a whole: another order undoes what it did, task by task, in "
        "reverse order, gives back what was charged, and ends its products; the order itself stays completed. Possible "
        "for as long as the rules say, while its products are as it left them and nothing it did is there for good. "
        "previewTakeBack says beforehand what that means.",
    )
    revise_product_order: revise.ReviseProductOrderPayload | None = verb(
        revise.revise,
        "Have an order that is under way otherwise from now on: what was done is kept, changed, taken back "
        "or done anew as the comparison with the running plan says. previewRevision says beforehand what that means.",
    )
    reschedule_product_order: revise.RescheduleProductOrderPayload | None = verb(
        revise.reschedule,
        "Have an order begun or completed at another time. previewRevision says what that means.",
    )
    change_product_order_priority: revise.ChangeProductOrderPriorityPayload | None = verb(
        revise.change_priority, description="Have an order carried out more, or less, urgently from now on."
    )
    add_product_order_note: note.AddProductOrderNotePayload | None = verb(
        note.add, description="Add a remark to an order, whatever its state."
    )
    request_product_order_change: request_change.RequestProductOrderChangePayload | None = verb(
        request_change.request,
        "Ask people for a change of an order under way, in words. It changes nothing by itself: the wish waits on a "
        "worklist. At most 3 of an order wait at once.",
    )
    resolve_product_order_change_request: request_change.ResolveProductOrderChangeRequestPayload | None = verb(
        request_change.resolve,
        "Answer such a wish, whatever has become of the order. What it takes is done by the other mutations.",
    )
    withdraw_product_order_change_request: request_change.WithdrawProductOrderChangeRequestPayload | None = verb(
        request_change.withdraw,
        "Take such a wish back before it is answered: by who asked, or the customer.",
    )
    hold_product_order: hold.HoldProductOrderPayload | None = verb(
        hold.hold_order,
        "Begin nothing more of an order until it is released; what is being done is finished.",
    )
    release_product_order: hold.ReleaseProductOrderPayload | None = verb(
        hold.release_order, description="Let an order that was held go on."
    )
    change_product: own.ChangeProductPayload | None = verb(
        own.change_product,
        "Have an owned product configured otherwise; only what changes is said. It keeps its id.",
    )
    suspend_product: own.SuspendProductPayload | None = verb(
        own.suspend_product, description="Have an owned product put out of use for a time, in full or in part."
    )
    resume_product: own.ResumeProductPayload | None = verb(
        own.resume_product, description="Have a suspended product put into use again."
    )
    renew_product: own.RenewProductPayload | None = verb(
        own.renew_product,
        "Have an owned product kept for another term; nothing else about it changes.",
    )
    discontinue_product: own.DiscontinueProductPayload | None = verb(
        own.discontinue_product,
        "End an owned product, and with a bundle all of its parts. Refused while another owned product "
        "cannot be without it; what it costs before the term has run out has to be accepted.",
    )
    change_product_ownership: change_ownership.ChangeProductOwnershipPayload | None = verb(
        change_ownership.change_product_ownership,
        "Hand an owned product over to another customer. Both have to consent in time, and the credit "
        "bureau is asked about the new owner; then the product goes over, with its id, to the new owner's account.",
    )
    consent_to_ownership_change: change_ownership.ConsentToOwnershipChangePayload | None = verb(
        change_ownership.consent_to_ownership_change,
        "Say yes or no to a change of ownership, for the party that you are or, as one of the operator's "
        "people, speak for. A no ends the order without effect.",
    )
    move_product: move.MoveProductPayload | None = verb(
        move.move_product,
        "Have an owned product installed elsewhere. It keeps its id, its price and its term, and works at "
        "the old place until it does at the new one; failing or cancelling leaves it where it is.",
    )
    repackage_products: repackage.RepackageProductsPayload | None = verb(
        repackage.repackage_products,
        "Make owned products parts of another offering, a bundle for example: each is kept, swapped (it "
        "keeps its id) or dropped. previewRepackage compares beforehand; where much is taken on, a quote has to be "
        "accepted and a contract signed first.",
    )
    resolve_fallout: ResolveFalloutPayload | None = verb(
        resolve_fallout,
        "Decide what becomes of a task that could not be done.",
    )
    resolve_fallouts: ResolveFalloutsPayload | None = verb(
        resolve_fallouts,
        "Decide the same about many tasks that could not be done for the same cause.",
    )
    claim_work: ClaimWorkPayload | None = verb(
        claim_work,
        "Say that you see to work that waits for people. The order's version stays as it is.",
    )
    release_work: ReleaseWorkPayload | None = verb(
        release_work,
        "Give work back that you have claimed; who decides fallout gives back that of others, too.",
    )
    complete_task: CompleteTaskPayload | None = verb(
        complete_task,
        "Say that a task which people carry out is done, and enter what it asks for; the order goes on.",
    )
    decide_cancellation: DecideCancellationPayload | None = verb(
        decide_cancellation,
        "Say whether an order, or items of it, may be cancelled, when people were asked about that.",
    )
    register_webhook: webhook.RegisterWebhookPayload | None = verb(
        webhook.register,
        "Have an address called back about events (TMF hub), signed as Standard Webhooks say, from now on and at least "
        "once each. It is told what you may see at that moment.",
    )
    unregister_webhook: webhook.UnregisterWebhookPayload | None = verb(
        webhook.unregister, "Call an address back no more, and forget its secret."
    )
    replay_webhook: webhook.ReplayWebhookPayload | None = verb(
        webhook.replay, "Tell a webhook again, and at once, of everything after a cursor."
    )
