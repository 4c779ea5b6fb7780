"""The standard's value lists as enums of the graph, with what each value means.

The graph imports them from here only, so that none is used before it is described. It is long because it is one list:
each entry stands alone, and whoever looks for the words of a value looks in one place.
"""

from enum import Enum
from typing import TypeVar

import strawberry

from app.domain.audit import AuditKind as AuditKind
from app.domain.audit import AuditOutcome as AuditOutcome
from app.domain.batch import BatchState as BatchState
from app.domain.batch import LineState as LineState
from app.domain.catalog import PriceType as PriceType
from app.domain.change_request import ChangeRequestKind as ChangeRequestKind
from app.domain.change_request import ChangeRequestState as ChangeRequestState
from app.domain.configuration import ConfigurationState as ConfigurationState
from app.domain.events import EventType as EventType
from app.domain.jeopardy import JeopardyKind as JeopardyKind
from app.domain.jeopardy import JeopardyLevel as JeopardyLevel
from app.domain.order import ConsentSide as ConsentSide
from app.domain.order import CreditDecision as CreditDecision
from app.domain.order import FailurePolicy as FailurePolicy
from app.domain.order import ItemAction as ItemAction
from app.domain.order import ProductStatus as ProductStatus
from app.domain.order import RelationshipType as RelationshipType
from app.domain.order import Sequencing as Sequencing
from app.domain.order import SuspensionBilling as SuspensionBilling
from app.domain.order import SuspensionOriginator as SuspensionOriginator
from app.domain.order import SuspensionScope as SuspensionScope
from app.domain.plan import DependencyKind as DependencyKind
from app.domain.plan import Fate as Fate
from app.domain.plan import OnTimeout as OnTimeout
from app.domain.qualification import ConditionKind as ConditionKind
from app.domain.qualification import QualificationResult as QualificationResult
from app.domain.repackage import ComponentFate as ComponentFate
from app.domain.states import ItemState as ItemState
from app.domain.states import OrderState as OrderState
from app.domain.states import TaskState as TaskState
from app.domain.steps import BlockedBy as BlockedBy
from app.domain.steps import FieldType as FieldType
from app.domain.steps import StepState as StepState
from app.domain.violations import Severity as Severity
from app.domain.violations import StepKind as StepKind
from app.domain.violations import ViolationCode as ViolationCode
from app.domain.webhook import WebhookState as WebhookState
from app.domain.worklist import FalloutDecision as FalloutDecision
from app.domain.worklist import WorkAction as WorkAction
from app.domain.worklist import WorkKind as WorkKind
from app.domain.worklist import WorkMove as WorkMove
from app.ordering.outcomes import RefusalCode as RefusalCode
from app.ordering.reading import OrderBy as OrderBy
from connectors.address import ValidationResult as ValidationResult
from connectors.documents import SignatureState as SignatureState
from connectors.service_resources import ResourceKind as ResourceKind

E = TypeVar("E", bound=type[Enum])


def _describe(enum: E, name: str, description: str, values: dict[str, str]) -> E:
    described = strawberry.enum(enum, name=name, description=description)
    for value in described.__strawberry_definition__.values:  # type: ignore[attr-defined]  # set by strawberry.enum
        value.description = values[value.name]
    return described


_ORDER_STATES = {
    "DRAFT": "Being put together by a channel; nobody carries it out.",
    "ACKNOWLEDGED": "Submitted and found complete; waits to begin.",
    "REJECTED": "Submitted and refused. It has ended.",
    "IN_PROGRESS": "Being carried out.",
    "PENDING": "Waits for information from the customer or the channel.",
    "HELD": "Blocked by an issue that people have to solve.",
    "ASSESSING_CANCELLATION": "It is being found out whether it can still be cancelled.",
    "PENDING_CANCELLATION": "Being cancelled: what was done is being undone.",
    "CANCELLED": "Undone as far as it was done. It has ended.",
    "COMPLETED": "Everything that was ordered is delivered. It has ended.",
    "FAILED": "Nothing of it could be delivered. It has ended.",
    "PARTIAL": "Part of it is delivered, part failed. It has ended.",
}
_describe(
    OrderState, "ProductOrderState", "Life cycle of a product order (TMF622 ProductOrderStateType).", _ORDER_STATES
)
_describe(
    ItemState,
    "ProductOrderItemState",
    "Life cycle of an order item (TMF622 ProductOrderItemStateType).",
    {name: text for name, text in _ORDER_STATES.items() if name != "PARTIAL"},
)
_describe(
    TaskState,
    "TaskState",
    "Where a task of the plan stands.",
    {
        "PENDING": "Waits for the tasks it depends on.",
        "RUNNING": "Being carried out on its backend, retries included.",
        "AWAITING_RESULT": "The backend accepted it and will report the end later.",
        "CLOSING": "Done, and not counted as such before the tasks that it must not end before have come so far.",
        "COMPLETED": "Done.",
        "FALLOUT": "Could not be done; a person has to decide.",
        "SKIPPED": "A person decided to go on without it.",
        "FAILED": "A person gave it up.",
        "UNDONE": "Done, and taken back since.",
        "ABANDONED": "Never started, because a task before it was given up.",
    },
)
_FALLOUT_ACTIONS = {
    "RETRY": "Try again.",
    "FIX_DATA_AND_RETRY": "Put other characteristics in place of the item's, and try again.",
    "SKIP": "Go on as if it were done.",
    "FAIL_ITEM": "Give the task up, and with it the item that it serves; what was done for the item is taken back.",
    "ABORT": "Give the whole order up as it is; nothing is taken back.",
}
_describe(FalloutDecision, "FalloutAction", "What a person may decide about a task in fallout.", _FALLOUT_ACTIONS)
_describe(
    WorkAction,
    "WorkAction",
    "What may be done about work that waits for people.",
    {
        **_FALLOUT_ACTIONS,
        "COMPLETE": "Do it, and say so with completeTask.",
        "ACCEPT_CANCELLATION": "Say with decideCancellation that it may be cancelled.",
        "DENY_CANCELLATION": "Say with decideCancellation that it may not.",
        "ANSWER_REQUEST": "Answer it with resolveProductOrderChangeRequest.",
    },
)
_describe(
    AuditKind,
    "AuditKind",
    "What the audit log records.",
    {"MUTATION": "Something was to be changed.", "READ": "Personal data was shown."},
)
_describe(
    AuditOutcome,
    "AuditOutcome",
    "What became of what is recorded.",
    {
        "DONE": "It was done; of a read: the data was shown.",
        "REPLAYED": "It had been done before, under the same key.",
        "REFUSED": "It was refused: a rule or a state stood in the way.",
        "FORBIDDEN": "Who wanted it may not do that.",
        "FAILED": "A fault ended it; what it was about to change may have happened.",
    },
)
_describe(
    WorkKind,
    "WorkItemKind",
    "What people are wanted for.",
    {
        "FALLOUT": "A task could not be done: somebody has to decide.",
        "MANUAL": "A task is theirs to do.",
        "CONTACT": "The customer is to be called or written to.",
        "CANCELLATION": "A cancellation is asked for, and somebody has to say whether it may be.",
        "CHANGE_REQUEST": "A change of an order under way is asked for, and somebody has to answer.",
    },
)
_describe(
    WorkMove,
    "WorkItemMove",
    "What happened to work that waits for people.",
    {
        "RAISED": "It has come up.",
        "CLAIMED": "Somebody sees to it.",
        "GIVEN_BACK": "Nobody sees to it any more.",
        "ESCALATED": "Nobody has acted in time: it is on another worklist.",
        "CLEARED": "It does not wait any more.",
    },
)
_describe(
    ChangeRequestKind,
    "ProductOrderChangeRequestKind",
    "What kind of change of an order under way is wished for.",
    {
        "CHANGE": "Something else, more or less of what is ordered.",
        "CANCEL": "The order, or part of it, is not wanted any more.",
        "RESCHEDULE": "Another time.",
        "OTHER": "Something else.",
    },
)
_describe(
    ChangeRequestState,
    "ProductOrderChangeRequestState",
    "Where such a wish stands.",
    {
        "OPEN": "It waits for an answer.",
        "RESOLVED": "It was accepted; what was done about it shows in the order itself.",
        "DECLINED": "It was not accepted; the answer says why.",
        "WITHDRAWN": "It needs no answer any more.",
    },
)
_describe(
    ItemAction,
    "OrderItemAction",
    "What an item does to a product (TMF622 OrderItemActionType).",
    {
        "ADD": "The customer gets the product.",
        "MODIFY": "An owned product changes.",
        "DELETE": "An owned product ends.",
        "NO_CHANGE": "An owned product that is named only for its relationships.",
    },
)
_describe(
    RelationshipType,
    "OrderItemRelationshipType",
    "How one item of an order relates to another (TMF622).",
    {
        "BUNDLES": "The other item is a part of this bundle.",
        "RELIES_ON": "This item works only with the other; the other is delivered first.",
        "REQUIRES": "This item may be ordered only with the other.",
        "DEPENDS_ON": "This item depends on the other in another way.",
        "BRINGS": "This item brings the other with it.",
    },
)
_describe(
    PriceType,
    "PriceType",
    "When a price is charged (TMF620 priceType).",
    {"ONE_TIME": "Once.", "RECURRING": "Every charge period.", "USAGE": "For what is used."},
)
_describe(
    EventType,
    "ProductOrderEventType",
    "What kind of thing happened (TMF622 and TMF701 event types).",
    {
        "CREATED": "The order was created.",
        "CHANGED": "Attributes or items of the order changed.",
        "STATE_CHANGED": "The order, or items of it, changed state.",
        "TASK_STATE_CHANGED": "A task of the plan changed state.",
        "WORK_ITEM_CHANGED": "Work that waits for people came up, was claimed, given back, escalated or cleared.",
        "MILESTONE_REACHED": "A milestone was reached.",
        "JEOPARDY_CHANGED": "What was promised is more, or less, in danger than before.",
    },
)
_describe(
    JeopardyLevel,
    "JeopardyLevel",
    "How much a promise is in danger, by the operator's rules.",
    {
        "LOW": "Somebody should know.",
        "MEDIUM": "It will not be kept unless something changes.",
        "HIGH": "Somebody has to act.",
        "CRITICAL": "It is broken, or as good as that.",
    },
)
_describe(
    JeopardyKind,
    "JeopardyKind",
    "What is wrong with a task that endangers a promise.",
    {
        "LATE": "It takes longer than it usually does.",
        "BLOCKED": "It could not be done, and waits for people to decide.",
    },
)
_describe(
    ViolationCode,
    "ViolationCode",
    "What kind of breach of a rule it is (TMF622 error 422, MEF 57.2).",
    {
        "MISSING_PROPERTY": "Something is required and not there. A draft may still lack it.",
        "INVALID_VALUE": "A value is not allowed.",
        "INVALID_FORMAT": "A value does not have the required form.",
        "REFERENCE_NOT_FOUND": "What is referred to does not exist.",
        "UNEXPECTED_PROPERTY": "Something is there that does not belong.",
        "TOO_MANY_RECORDS": "There is more of something than allowed.",
        "OTHER_ISSUE": "Something else; the message says what.",
    },
)
_describe(
    Severity,
    "ViolationSeverity",
    "How grave a breach is.",
    {"ERROR": "The order cannot be submitted.", "WARNING": "Only to be known; the order can be submitted."},
)
_describe(
    OrderBy,
    "ProductOrderOrder",
    "How orders are sorted.",
    {"CREATED_DESCENDING": "The newest first.", "CREATED_ASCENDING": "The oldest first."},
)
_describe(
    ValidationResult,
    "AddressValidationResult",
    "What became of an address text (TMF673 validationResult).",
    {
        "SUCCESS": "It means one address.",
        "PARTIAL": "It may mean several addresses.",
        "FAIL": "It means none that is known.",
    },
)
_describe(
    StepKind,
    "OrderStepKind",
    "The steps in which an order is established, in their order.",
    {
        "CUSTOMER": "Who orders.",
        "OFFERING": "What is ordered, and how it is configured.",
        "PLACE": "Where it is delivered.",
        "SERVICEABILITY": "Whether it can be delivered there.",
        "QUALIFICATION": "Whether the customer's credit allows it.",
        "APPOINTMENT": "When a technician comes.",
        "PRICE": "What it costs, and for how long.",
        "AGREEMENT": "What is agreed in writing.",
        "PAYMENT": "How it is paid.",
        "REVIEW": "A last look, and the submission.",
    },
)
_describe(
    StepState,
    "OrderStepState",
    "Where a step stands.",
    {
        "DONE": "Nothing is left to do in it.",
        "TODO": "It can be taken now.",
        "BLOCKED": "It cannot be taken yet; see why.",
    },
)
_describe(
    FieldType,
    "StepFieldType",
    "What kind of value a field takes.",
    {
        "TEXT": "A text, or one of the allowed values.",
        "NUMBER": "A number.",
        "BOOLEAN": "Yes or no.",
        "CUSTOMER": "A customer, as `customers` finds them.",
        "OFFERING": "An offering, as `productOfferings` lists them.",
        "PLACE": "A validated address, as `validateAddress` finds them.",
        "TIME_SLOT": "A time slot, as `timeSlots` lists them.",
        "TELEPHONE_NUMBER": "A telephone number, as `availableResources` lists them.",
        "PAYMENT_METHOD": "A payment method of the customer.",
        "BILLING_ACCOUNT": "A billing account of the customer.",
    },
)
_describe(
    BlockedBy,
    "StepBlockedBy",
    "Why a step cannot be taken.",
    {
        "STEPS": "Other steps come first.",
        "BACKEND": "Its backend gives no answer.",
        "RULES": "A rule forbids it, and nothing in the step can change that.",
    },
)
_describe(
    QualificationResult,
    "QualificationResult",
    "Whether an offering can be had (TMF679 qualificationItemResult).",
    {
        "QUALIFIED": "It can be had.",
        "CONDITIONAL": "It can be had on conditions.",
        "UNQUALIFIED": "It cannot be had.",
        "UNDETERMINED": "A source that decides gave no answer.",
    },
)
_describe(
    ConditionKind,
    "QualificationConditionKind",
    "What has to be fulfilled before an offering can be had.",
    {
        "CREDIT_CHECK": "The credit bureau has to be asked.",
        "CREDIT_REVIEW": "People decide about the credit.",
        "DEPOSIT": "A deposit has to be paid.",
        "AGREEMENT": "A contract has to be signed.",
        "ADDRESS": "An address has to be named.",
        "OTHER_ADDRESS": "It can be delivered at another address of the customer.",
        "OTHER_OFFERING": "Another offering is needed with it.",
    },
)
_describe(
    ConfigurationState,
    "ProductConfigurationState",
    "Whether something may be ordered as it is configured (TMF760).",
    {"APPROVED": "It may be ordered so.", "REJECTED": "It may not; the reasons say why."},
)
_describe(
    CreditDecision,
    "CreditDecision",
    "What the credit bureau's answer means for an order (TMF696).",
    {
        "ACCEPT": "Nothing speaks against it.",
        "DEPOSIT": "Against a deposit.",
        "REVIEW": "People decide.",
        "REJECT": "The bureau advises against it.",
    },
)
_describe(
    ResourceKind,
    "ResourceKind",
    "What can be reserved (TMF685).",
    {"NUMBER": "A telephone number.", "SIM": "A SIM, by its ICCID.", "PORT": "A port in the network."},
)
_describe(
    SignatureState,
    "SignatureState",
    "How far the signature of a document has come.",
    {
        "NOT_REQUIRED": "Nobody has to sign it.",
        "REQUESTED": "It waits for the customer's signature.",
        "SIGNED": "It is signed.",
        "DECLINED": "The customer did not sign it.",
    },
)
_describe(
    RefusalCode,
    "UserErrorCode",
    "Why a mutation was refused. New codes may be added.",
    {
        "NOT_FOUND": "What is named does not exist, or may not be seen.",
        "STALE_VERSION": "The order has changed in between.",
        "IDEMPOTENCY_CONFLICT": "The key was used before for something else.",
        "EXTERNAL_ID_TAKEN": "Another order has the same id in the other system.",
        "VALIDATION_FAILED": "Rules are broken.",
        "NOT_ALLOWED_IN_STATE": "It cannot be done in the state that the order is in.",
        "NOT_IN_CONTROL": "Another channel holds the draft.",
        "SLOT_UNAVAILABLE": "The time slot is taken.",
        "POINT_OF_NO_RETURN": "The order has come too far for it.",
        "CHARGE_NOT_ACCEPTED": "It costs something by now, and that was not accepted.",
        "WORK_CLAIMED": "Somebody else sees to this work.",
        "TOO_LATE": "The time in which it was possible is over.",
        "CHANGED_SINCE": "What it is about is not as it was left.",
    },
)
_describe(
    BatchState,
    "ProductOrderBatchState",
    "How far a batch is.",
    {"IN_PROGRESS": "Lines of it wait for their result.", "COMPLETED": "Every line has its result."},
)
_describe(
    WebhookState,
    "WebhookState",
    "How a webhook is doing.",
    {
        "ACTIVE": "It took the last event that it was told of, or there was none yet.",
        "RETRYING": "It did not take an event, and is told again after a pause.",
        "REMOVED": "It is told of nothing more.",
    },
)
_describe(
    LineState,
    "ProductOrderBatchLineState",
    "What became of a line of a batch.",
    {
        "PENDING": "Not placed yet.",
        "ACCEPTED": "An order was made of it.",
        "REFUSED": "No order was made of it; its errors say why.",
    },
)
_describe(
    ProductStatus,
    "ProductStatus",
    "The status that an order may ask for a product to have (TMF637).",
    {"ACTIVE": "In use; what was suspended goes on.", "SUSPENDED": "Out of use for a time, and not ended."},
)
_describe(
    DependencyKind,
    "DependencyKind",
    "What of a task waits for what of another one: the four relations of a network plan.",
    {
        "FINISH_TO_START": "It begins when the other one has ended.",
        "START_TO_START": "It begins when the other one has begun.",
        "FINISH_TO_FINISH": "It does not end before the other one has ended.",
        "START_TO_FINISH": "It does not end before the other one has begun.",
    },
)
_describe(
    Fate,
    "TaskFate",
    "What a revision of the order has in mind for a task that had begun.",
    {
        "REDO": "It is taken back, and done once more.",
        "AMEND": "What it did is changed in place.",
        "DROP": "It is not wanted any more, though its item is; what it did is taken back.",
    },
)
_describe(
    OnTimeout,
    "OnTimeout",
    "What becomes of a task whose result has not come in time.",
    {
        "FALLOUT": "People decide.",
        "CANCEL": "What it serves is cancelled, as far as no point of no return was passed.",
    },
)
_describe(
    FailurePolicy,
    "OrderFailurePolicy",
    "What a task that cannot be done means for the rest of its order (TM Forum's OrderFailurePolicy).",
    {
        "CONTINUE": "Whatever does not depend on it goes on.",
        "HALT": "Nothing more is begun until people have decided: the order is HELD once what had begun has ended.",
        "HALT_AND_ROLLBACK": "What was done is taken back, as far as nothing is delivered for good; the order fails.",
    },
)
_describe(
    Sequencing,
    "OrderSequencing",
    "Whether the items of an order are carried out one after another (TM Forum's Sequencing).",
    {
        "ANY": "However suits the operator, which is as soon as what they wait for allows.",
        "PARALLEL": "All at once, as far as they do not wait for each other.",
        "SEQUENTIAL": "In their order, one after another; but none before one that it waits for.",
    },
)
_describe(
    ConsentSide,
    "OwnershipConsentSide",
    "Who of the two parties of a change of ownership.",
    {"RELEASING": "The customer who has it.", "ACCEPTING": "The customer who takes it over."},
)
_describe(
    ComponentFate,
    "RepackagedComponentFate",
    "What becomes of a component when owned products become another offering.",
    {
        "KEEP": "It stays as it is.",
        "SWAP": "It becomes another offering of the same product specification, and keeps its id.",
        "DROP": "It ends.",
        "ADD": "It is new.",
    },
)
_describe(
    SuspensionOriginator,
    "SuspensionOriginator",
    "Who wants a product put out of use.",
    {
        "CUSTOMER": "The customer itself.",
        "OPERATOR": "The operator.",
        "CREDIT": "The operator, because something was not paid.",
    },
)
_describe(
    SuspensionScope,
    "SuspensionScope",
    "How much of a product is put out of use.",
    {"FULL": "All of it.", "OUTGOING": "What goes out from it, calls for example.", "DATA": "Data only."},
)
_describe(
    SuspensionBilling,
    "SuspensionBilling",
    "What becomes of the recurring charges of a product that is out of use.",
    {"CONTINUE": "They go on.", "PAUSE": "Nothing is charged until it is in use again."},
)
