"""The questions that can be asked."""

import strawberry

from resolvers.demand import PAGE, listed
from resolvers.fields import resolved
from resolvers.node import Node
from resolvers.pages import Connection
from resolvers.queries import audit, federation, nodes, orders, previews, selling, webhooks, work
from resolvers.types.audit import AuditRecord
from resolvers.types.batch import ProductOrderBatch
from resolvers.types.configuration import ProductConfigurationCheck
from resolvers.types.contact import SalesChannel
from resolvers.types.customer import Customer
from resolvers.types.load import BackendLoad
from resolvers.types.offering import ProductOffering
from resolvers.types.order import ProductOrder
from resolvers.types.place import AddressValidation, Serviceability, TimeSlot
from resolvers.types.plan import TaskDuration
from resolvers.types.preview import LifecyclePreview, PartPreview
from resolvers.types.qualification import CustomerQualification
from resolvers.types.repackage import RepackagePreview
from resolvers.types.rule import Rulebook
from resolvers.types.violation import ProductOrderValidation
from resolvers.types.webhook import Webhook
from resolvers.types.work import FalloutCount as FalloutSummary
from resolvers.types.work import WorkItem, Worklist


@strawberry.type(description="Everything that can be asked.")
class Query:
    node = resolved(Node | None, nodes.node, "The thing with this opaque id; null when there is none that you may see.")
    nodes = resolved(
        list[Node | None], nodes.nodes, "The things with these opaque ids, in the same order.", size=listed("ids")
    )
    product_order = resolved(
        ProductOrder | None, orders.product_order, "One order; null when there is none you may see."
    )
    product_orders = resolved(
        Connection[ProductOrder], orders.product_orders, "The orders that you may see, a page at a time.", size=PAGE
    )
    product_order_batch = resolved(
        ProductOrderBatch | None,
        orders.product_order_batch,
        "One batch of orders; null when there is none you may see.",
    )
    product_order_batches = resolved(
        Connection[ProductOrderBatch],
        orders.product_order_batches,
        "The batches that you may see, the newest first.",
        size=PAGE,
    )
    webhook = resolved(
        Webhook | None, webhooks.webhook, "One webhook, a removed one too; null when there is none you may see."
    )
    webhooks = resolved(
        Connection[Webhook],
        webhooks.webhooks,
        "Your webhooks, or all for those who tend them, the newest first.",
        size=PAGE,
    )
    work_items = resolved(
        Connection[WorkItem] | None,
        work.work_items,
        "What waits for people, the most urgent first and of these the oldest; for those who see worklists.",
        size=PAGE,
    )
    fallout_summary = resolved(
        list[FalloutSummary] | None,
        work.fallout_summary,
        "How many tasks wait for a decision and for how long, by backend and cause; for those who see worklists.",
        weight=5,
    )
    worklists = resolved(
        list[Worklist] | None, work.worklists, "Every worklist that has work; for those who see worklists.", weight=5
    )
    validate_product_order = resolved(
        ProductOrderValidation | None,
        orders.validate,
        "What a submission would find now, all at once. Changes nothing.",
        weight=20,
    )
    preview_cancellation = resolved(
        LifecyclePreview | None,
        previews.preview_cancel,
        "What cancelProductOrder would do now: with which items, at what cost, with which tasks. Changes nothing.",
        weight=20,
    )
    preview_hierarchy_cancellation = resolved(
        list[PartPreview] | None,
        previews.preview_cancel_hierarchy,
        "What cancelProductOrderHierarchy would do now, order by order. Changes nothing.",
        weight=50,
    )
    preview_revision = resolved(
        LifecyclePreview | None,
        previews.preview_revise,
        "What reviseProductOrder, rescheduleProductOrder or changeProductOrderPriority would do now. Changes nothing.",
        weight=20,
    )
    preview_take_back = resolved(
        LifecyclePreview | None,
        previews.preview_taking_back,
        "What takeBackProductOrder would do now: `takenBack` and `kept` are tasks of the completed order, `added` "
        "those of the order that takes it back. Changes nothing.",
        weight=20,
    )
    preview_hold = resolved(
        LifecyclePreview | None,
        previews.preview_hold,
        "What holdProductOrder would do now. Changes nothing.",
        weight=20,
    )
    preview_release = resolved(
        LifecyclePreview | None,
        previews.preview_release,
        "What releaseProductOrder would do now. Changes nothing.",
        weight=20,
    )
    preview_fallout_decision = resolved(
        LifecyclePreview | None,
        previews.preview_fallout,
        "What resolveFallout would do now, for those who may decide it. Changes nothing.",
        weight=20,
    )
    preview_complete_task = resolved(
        LifecyclePreview | None,
        previews.preview_completing,
        "What completeTask would do now, for those who see worklists. Changes nothing.",
        weight=20,
    )
    preview_claim_work = resolved(
        LifecyclePreview | None,
        previews.preview_claiming,
        "Whether claimWork would be followed now, for those who see worklists. Changes nothing.",
        weight=20,
    )
    preview_release_work = resolved(
        LifecyclePreview | None,
        previews.preview_giving_back,
        "Whether releaseWork would be followed now, for those who see worklists. Changes nothing.",
        weight=20,
    )
    preview_cancellation_decision = resolved(
        LifecyclePreview | None,
        previews.preview_deciding,
        "What decideCancellation would do now, for those who may decide it. Changes nothing.",
        weight=20,
    )
    preview_ownership_consent = resolved(
        LifecyclePreview | None,
        previews.preview_consenting,
        "What consentToOwnershipChange would do now. Who is to take over sees whether it could, and not the work. "
        "Changes nothing.",
        weight=20,
    )
    preview_place_product_order = resolved(
        LifecyclePreview | None,
        previews.preview_placing,
        "What placeProductOrder would do now: prices, tasks, charges, who has to agree. Books no visit, asks no credit "
        "bureau, keeps nothing.",
        weight=20,
    )
    preview_ownership_change = resolved(
        LifecyclePreview | None,
        previews.preview_handover,
        "What changeProductOwnership would do now. Changes nothing, and asks neither party.",
        weight=20,
    )
    preview_move = resolved(
        LifecyclePreview | None,
        previews.preview_moving,
        "What moveProduct would do now. Changes nothing, and holds no time slot.",
        weight=20,
    )
    preview_repackage = resolved(
        RepackagePreview | None,
        previews.preview_repackaging,
        "What repackageProducts would do now, before and after side by side. Changes nothing.",
        weight=20,
    )
    preview_change_product = resolved(
        LifecyclePreview | None, previews.preview_change, "What changeProduct would do now. Changes nothing.", weight=20
    )
    preview_suspend_product = resolved(
        LifecyclePreview | None,
        previews.preview_suspension,
        "What suspendProduct would do now. Changes nothing.",
        weight=20,
    )
    preview_resume_product = resolved(
        LifecyclePreview | None,
        previews.preview_resumption,
        "What resumeProduct would do now. Changes nothing.",
        weight=20,
    )
    preview_renew_product = resolved(
        LifecyclePreview | None, previews.preview_renewal, "What renewProduct would do now. Changes nothing.", weight=20
    )
    preview_discontinue_product = resolved(
        LifecyclePreview | None,
        previews.preview_end,
        "What discontinueProduct would do now, and what it costs when the term has not run out. Changes nothing.",
        weight=20,
    )
    customer = resolved(Customer | None, selling.customer_by_id, "One customer (TMF629).")
    customers = resolved(Connection[Customer] | None, selling.customers, "Customers by name (TMF629).", size=PAGE)
    product_offering = resolved(ProductOffering | None, selling.offering_by_id, "One offering (TMF620).")
    product_offerings = resolved(
        Connection[ProductOffering] | None, selling.offerings, "What is sold (TMF620).", size=PAGE
    )
    qualify_customer = resolved(
        CustomerQualification | None,
        selling.qualify,
        "What a customer or prospect may have at a place, and on which conditions (TMF679). Changes nothing; null: "
        "there is no such customer that you may see.",
        weight=20,
    )
    check_product_configuration = resolved(
        ProductConfigurationCheck | None,
        selling.check,
        "Whether something may be ordered as it is configured, what may still be chosen and what it costs (TMF760). "
        "Changes nothing, and asks no credit bureau; null: there is no such customer that you may see.",
        weight=20,
    )
    available_resources = resolved(
        list[str] | None,
        selling.available_resources,
        "Numbers, SIMs or ports that can be reserved now (TMF685).",
        weight=5,
        size=listed("first"),
    )
    sales_channels = resolved(list[SalesChannel] | None, selling.sales_channels, "The operator's sales channels.")
    rulebook = resolved(Rulebook | None, work.rulebook, "The rules that are data, as they are in force.", weight=5)
    backend_load = resolved(
        list[BackendLoad] | None,
        work.load,
        "What the orders have to do on each backend and how much of it waits, a few seconds old at most.",
        weight=5,
    )
    task_durations = resolved(
        list[TaskDuration],
        work.task_durations,
        "How long operations take lately, learnt from completed tasks.",
        weight=5,
    )
    audit_log = resolved(
        Connection[AuditRecord] | None,
        audit.audit_log,
        "Who did what, and who looked at whose personal data, the newest first; for those who may read it.",
    )
    validate_address = resolved(
        AddressValidation | None,
        selling.validate_address,
        "Which address a text means; a text cut short is completed by the alternatives (TMF673).",
        weight=5,
    )
    serviceability = resolved(
        Serviceability | None,
        selling.serviceability,
        "Whether these offerings can be delivered at a place (TMF645).",
        weight=5,
    )
    time_slots = resolved(
        list[TimeSlot] | None,
        selling.time_slots,
        "When a technician is free to come, the earliest first (TMF646).",
        weight=5,
    )
    entities = resolved(
        list[federation.Entity | None],
        federation.entities,
        "The things that other subgraphs refer to, in the same order; null when there is none that you may see (Apollo "
        "Federation).",
        name="_entities",
        size=listed("representations"),
    )
    service = resolved(
        federation.Service,
        federation.service,
        "This graph as a subgraph, for those who may see its schema (Apollo Federation).",
        name="_service",
        weight=10,
    )
