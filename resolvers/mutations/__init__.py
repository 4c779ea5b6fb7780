"""The verbs of the graph, one module each, named as in `app.ordering`: one input, one payload."""

import strawberry
from strawberry import field

from resolvers.mutations import (
    add_item,
    agreement,
    assess_credit,
    cancel,
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
    reserve,
    revise,
    set_appointment,
    set_payment,
    set_place,
    submit,
    take_over,
)
from resolvers.mutations.claim_work import ClaimWorkPayload, ReleaseWorkPayload, claim_work, release_work
from resolvers.mutations.complete_task import CompleteTaskPayload, complete_task
from resolvers.mutations.decide_cancellation import DecideCancellationPayload, decide_cancellation
from resolvers.mutations.resolve_fallout import ResolveFalloutPayload, resolve_fallout
from resolvers.mutations.resolve_fallouts import ResolveFalloutsPayload, resolve_fallouts


@strawberry.type(description="Everything that changes an order.")
class Mutation:
    create_product_order: create.CreateProductOrderPayload | None = field(
        resolver=create.create_product_order,
        description="Start a draft, with as much as is known. What is wrong is refused; what is missing may follow.",
    )
    checkout_cart: checkout.CheckoutCartPayload | None = field(
        resolver=checkout.checkout,
        description="Make a draft of what is active in a shopping cart (TMF663). A cart becomes one order only; paths "
        "of what is wrong point into the cart.",
    )
    add_product_order_item: add_item.AddProductOrderItemPayload | None = field(
        resolver=add_item.add_product_order_item,
        description="Put one more item into a draft.",
    )
    change_product_order_item: change_item.ChangeProductOrderItemPayload | None = field(
        resolver=change_item.change_product_order_item,
        description="Change an item of a draft: quantity, characteristics, relationships.",
    )
    remove_product_order_item: remove_item.RemoveProductOrderItemPayload | None = field(
        resolver=remove_item.remove_product_order_item,
        description="Take an item out of a draft.",
    )
    set_product_order_place: set_place.SetProductOrderPlacePayload | None = field(
        resolver=set_place.set_product_order_place,
        description="Say where a draft, or one item of it, is delivered. Refused when the place cannot be served.",
    )
    set_product_order_appointment: set_appointment.SetProductOrderAppointmentPayload | None = field(
        resolver=set_appointment.set_product_order_appointment,
        description="Hold a time slot for a technician's visit. A taken slot is answered with free ones.",
    )
    reserve_product_order_resource: reserve.ReserveProductOrderResourcePayload | None = field(
        resolver=reserve.reserve_product_order_resource,
        description="Reserve a telephone number or SIM for an item of a draft; it is given back when it is not used.",
    )
    assess_product_order_credit: assess_credit.AssessProductOrderCreditPayload | None = field(
        resolver=assess_credit.assess_product_order_credit,
        description="Have the credit bureau asked about a draft, with the customer's consent.",
    )
    set_product_order_payment: set_payment.SetProductOrderPaymentPayload | None = field(
        resolver=set_payment.set_product_order_payment,
        description="Say how a draft is paid: what is due before delivery, and the rest.",
    )
    prepare_product_order_agreement: agreement.PrepareProductOrderAgreementPayload | None = field(
        resolver=agreement.prepare_product_order_agreement,
        description="Have contract and summary drawn up for a draft as it is; they are kept with the documents.",
    )
    sign_product_order_agreement: agreement.SignProductOrderAgreementPayload | None = field(
        resolver=agreement.sign_product_order_agreement,
        description="Give the customer's signature to the contract of an order, taken by the channel.",
    )
    discard_product_order: discard.DiscardProductOrderPayload | None = field(
        resolver=discard.discard_product_order,
        description="Give a draft up; visits and numbers held for it are given back.",
    )
    take_over_product_order: take_over.TakeOverProductOrderPayload | None = field(
        resolver=take_over.take_over_product_order,
        description="Take control of a draft for your channel.",
    )
    submit_product_order: submit.SubmitProductOrderPayload | None = field(
        resolver=submit.submit_product_order,
        description="Publish a draft: it is checked again, its prices are frozen, and it is carried out.",
    )
    place_product_order: place.PlaceProductOrderPayload | None = field(
        resolver=place.place_product_order,
        description="Take a complete order in one request: it is checked, published and carried out.",
    )
    place_product_orders: place_batch.PlaceProductOrdersPayload | None = field(
        resolver=place_batch.place_product_orders,
        description="Take many complete orders at once. They are placed one by one, later: follow the batch. "
        "More than fit into one request are sent as JSON lines to POST /batches.",
    )
    cancel_product_order: cancel.CancelProductOrderPayload | None = field(
        resolver=cancel.cancel_order,
        description="Cancel an order that is under way, or items of it: what was done is taken back. "
        "previewCancellation says beforehand what that means.",
    )
    revise_product_order: revise.ReviseProductOrderPayload | None = field(
        resolver=revise.revise,
        description="Have an order that is under way otherwise from now on: what was done is kept, changed, taken back "
        "or done anew as the comparison with the running plan says. previewRevision says beforehand what that means.",
    )
    reschedule_product_order: revise.RescheduleProductOrderPayload | None = field(
        resolver=revise.reschedule,
        description="Have an order begun or completed at another time. previewRevision says what that means.",
    )
    change_product_order_priority: revise.ChangeProductOrderPriorityPayload | None = field(
        resolver=revise.change_priority, description="Have an order carried out more, or less, urgently from now on."
    )
    add_product_order_note: note.AddProductOrderNotePayload | None = field(
        resolver=note.add, description="Add a remark to an order, whatever its state."
    )
    hold_product_order: hold.HoldProductOrderPayload | None = field(
        resolver=hold.hold_order,
        description="Begin nothing more of an order until it is released; what is being done is finished.",
    )
    release_product_order: hold.ReleaseProductOrderPayload | None = field(
        resolver=hold.release_order, description="Let an order that was held go on."
    )
    change_product: own.ChangeProductPayload | None = field(
        resolver=own.change_product,
        description="Have an owned product configured otherwise; only what changes is said. It keeps its id.",
    )
    suspend_product: own.SuspendProductPayload | None = field(
        resolver=own.suspend_product, description="Have an owned product put out of use for a time, in full or in part."
    )
    resume_product: own.ResumeProductPayload | None = field(
        resolver=own.resume_product, description="Have a suspended product put into use again."
    )
    renew_product: own.RenewProductPayload | None = field(
        resolver=own.renew_product,
        description="Have an owned product kept for another term; nothing else about it changes.",
    )
    discontinue_product: own.DiscontinueProductPayload | None = field(
        resolver=own.discontinue_product,
        description="End an owned product, and with a bundle all of its parts. Refused while another owned product "
        "cannot be without it; what it costs before the term has run out has to be accepted.",
    )
    change_product_ownership: change_ownership.ChangeProductOwnershipPayload | None = field(
        resolver=change_ownership.change_product_ownership,
        description="Hand an owned product over to another customer. Both have to consent in time, and the credit "
        "bureau is asked about the new owner; then the product goes over, with its id, to the new owner's account.",
    )
    consent_to_ownership_change: change_ownership.ConsentToOwnershipChangePayload | None = field(
        resolver=change_ownership.consent_to_ownership_change,
        description="Say yes or no to a change of ownership, for the party that you are or, as one of the operator's "
        "people, speak for. A no ends the order without effect.",
    )
    move_product: move.MoveProductPayload | None = field(
        resolver=move.move_product,
        description="Have an owned product installed elsewhere. It keeps its id, its price and its term, and works at "
        "the old place until it does at the new one; failing or cancelling leaves it where it is.",
    )
    repackage_products: repackage.RepackageProductsPayload | None = field(
        resolver=repackage.repackage_products,
        description="Make owned products parts of another offering, a bundle for example: each is kept, swapped (it "
        "keeps its id) or dropped. previewRepackage compares beforehand; where much is taken on, a quote has to be "
        "accepted and a contract signed first.",
    )
    resolve_fallout: ResolveFalloutPayload | None = field(
        resolver=resolve_fallout,
        description="Decide what becomes of a task that could not be done.",
    )
    resolve_fallouts: ResolveFalloutsPayload | None = field(
        resolver=resolve_fallouts,
        description="Decide the same about many tasks that could not be done for the same cause.",
    )
    claim_work: ClaimWorkPayload | None = field(
        resolver=claim_work,
        description="Say that you see to work that waits for people. The order's version stays as it is.",
    )
    release_work: ReleaseWorkPayload | None = field(
        resolver=release_work,
        description="Give work back that you have claimed; who decides fallout gives back that of others, too.",
    )
    complete_task: CompleteTaskPayload | None = field(
        resolver=complete_task,
        description="Say that a task which people carry out is done, and enter what it asks for; the order goes on.",
    )
    decide_cancellation: DecideCancellationPayload | None = field(
        resolver=decide_cancellation,
        description="Say whether an order, or items of it, may be cancelled, when people were asked about that.",
    )
