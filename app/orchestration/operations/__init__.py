"""What a task does on its backend. Each operation can be repeated: it carries the task's key, or looks first."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from app.orchestration.operations import field, money, ownership, people, records, recurring, resources, upkeep
from app.orchestration.operations.work import Result, Work

Operation = Callable[[Work], Awaitable[Result]]

OPERATIONS: Final[Mapping[str, Operation]] = {
    "billing.amendPayment": money.amend_payment,
    "billing.authorisePayment": money.authorise_payment,
    "billing.capturePayment": money.capture_payment,
    "billing.chargeOneTime": money.charge_one_time,
    "billing.chargeCancellation": money.charge_cancellation,
    "billing.cancelRecurring": recurring.cancel_recurring,
    "billing.changeRecurring": recurring.change_recurring,
    "billing.creditOneTime": money.credit_one_time,
    "billing.endRecurring": recurring.end_recurring,
    "billing.awaitEffectiveDate": ownership.await_effective_date,
    "billing.openAcceptorAccount": ownership.open_acceptor_account,
    "billing.openAccount": records.open_account,
    "billing.pauseRecurring": recurring.pause_recurring,
    "billing.refundPayment": money.refund_payment,
    "billing.resumeRecurring": recurring.resume_recurring,
    "billing.startRecurring": recurring.start_recurring,
    "billing.switchAccount": ownership.switch_account,
    "billing.voidPayment": money.void_payment,
    "channels.logAcceptance": ownership.log_acceptance,
    "channels.logInteraction": people.log_interaction,
    "channels.notifyDelivery": people.notify_delivery,
    "credit.assessAcceptor": ownership.assess_acceptor,
    "credit.review": people.review_credit,
    "customer.activate": records.activate_customer,
    "customer.awaitAcceptingConsent": ownership.await_accepting,
    "customer.awaitReleasingConsent": ownership.await_releasing,
    "documents.awaitSignature": people.await_signature,
    "documents.prepareContract": people.prepare_contract,
    "intelligent_network.activate": resources.activate_prepaid,
    "intelligent_network.createBucket": resources.create_bucket,
    "intelligent_network.topUp": resources.top_up,
    "intelligent_network.reverseTopUp": resources.reverse_top_up,
    "inventory.activateProduct": records.activate_product,
    "inventory.amendProduct": records.amend_product,
    "inventory.cancelProduct": records.cancel_product,
    "inventory.changeOwner": ownership.change_owner,
    "inventory.changePlace": records.change_place,
    "inventory.changeProduct": records.change_product,
    "inventory.createProduct": records.create_product,
    "inventory.renewProduct": records.renew_product,
    "inventory.setProductStatus": records.set_product_status,
    "inventory.terminateProduct": records.terminate_product,
    "inventory.verifyResources": records.verify_resources,
    "ledger.postJournal": money.post_journal,
    "ledger.reverseJournal": money.reverse_journal,
    "provisioning.createAtNewPlace": field.create_at_new_place,
    "orderway.planResumption": upkeep.plan_resumption,
    "orderway.withdrawResumption": upkeep.withdraw_resumption,
    "provisioning.createServiceOrder": field.create_service_order,
    "provisioning.endAtOldPlace": field.end_at_old_place,
    "provisioning.portNumber": field.port_number,
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
    "billing.awaitEffectiveDate": ownership.await_effective_date,
    "credit.assessAcceptor": ownership.check_acceptor,
    "credit.review": people.check_credit,
    "customer.awaitAcceptingConsent": ownership.await_accepting,
    "customer.awaitReleasingConsent": ownership.await_releasing,
    "documents.awaitSignature": people.check_signature,
    "provisioning.createAtNewPlace": field.check_service_order,
    "provisioning.createServiceOrder": field.check_service_order,
    "provisioning.endAtOldPlace": field.check_service_order,
    "provisioning.portNumber": field.check_service_order,
    "provisioning.takeBack": field.check_service_order,
}
"""How to ask what became of work that was accepted."""
