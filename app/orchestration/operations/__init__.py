"""What a task does on its backend. Each operation can be repeated: it carries the task's key, or looks first."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from app.orchestration.operations import field, money, orders, people, records, resources
from app.orchestration.operations.work import Result, Work

Operation = Callable[[Work], Awaitable[Result]]

OPERATIONS: Final[Mapping[str, Operation]] = {
    "billing.authorisePayment": money.authorise_payment,
    "billing.capturePayment": money.capture_payment,
    "billing.chargeOneTime": money.charge_one_time,
    "billing.chargeCancellation": money.charge_cancellation,
    "billing.creditOneTime": money.credit_one_time,
    "billing.openAccount": records.open_account,
    "billing.refundPayment": money.refund_payment,
    "billing.voidPayment": money.void_payment,
    "channels.logInteraction": people.log_interaction,
    "credit.review": people.review_credit,
    "customer.activate": records.activate_customer,
    "documents.awaitSignature": people.await_signature,
    "documents.prepareContract": people.prepare_contract,
    "intelligent_network.activate": resources.activate_prepaid,
    "intelligent_network.createBucket": resources.create_bucket,
    "intelligent_network.topUp": resources.top_up,
    "intelligent_network.reverseTopUp": resources.reverse_top_up,
    "inventory.activateProduct": records.activate_product,
    "inventory.cancelProduct": records.cancel_product,
    "inventory.changeProduct": records.change_product,
    "inventory.createProduct": records.create_product,
    "inventory.setProductStatus": records.set_product_status,
    "inventory.terminateProduct": records.terminate_product,
    "inventory.verifyResources": records.verify_resources,
    "ledger.postJournal": money.post_journal,
    "ledger.reverseJournal": money.reverse_journal,
    "orders.awaitEarlier": orders.await_earlier,
    "provisioning.createServiceOrder": field.create_service_order,
    "provisioning.takeBack": field.take_back,
    "service_resources.assignNumber": resources.assign_number,
    "service_resources.assignPort": resources.assign_port,
    "service_resources.assignSim": resources.assign_sim,
    "service_resources.release": resources.release,
    "serviceability.check": field.check_place,
    "workforce.cancelAppointment": field.cancel_appointment,
    "workforce.cancelWorkOrder": field.cancel_work_order,
    "workforce.confirmAppointment": field.confirm_appointment,
    "workforce.createWorkOrder": field.create_work_order,
}
"""Everything that a rule may ask for, as `backend.operation`."""

CHECKS: Final[Mapping[str, Operation]] = {
    "credit.review": people.check_credit,
    "documents.awaitSignature": people.check_signature,
    "orders.awaitEarlier": orders.await_earlier,
    "provisioning.createServiceOrder": field.check_service_order,
    "provisioning.takeBack": field.check_service_order,
}
"""How to ask what became of work that was accepted."""
