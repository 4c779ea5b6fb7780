"""The listener that backends call back: TMF641 serviceOrderStateChangeEvent, and TMF620's events of the catalog.

Anybody can send a notification, so it only says where to look: what counts is what the backend answers when asked.
"""

from http import HTTPStatus

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.domain.plan import Cause
from app.orchestration.contract import ReportKind, TaskReport
from app.orchestration.fulfilment import TemporalFulfilment
from app.orchestration.operations.field import result_of
from app.orchestration.operations.work import Accepted, Done, Refused
from app.ordering.ordering import FulfilmentUnavailable
from connectors import catalog
from connectors.backends import Backends
from connectors.base import BackendFailure
from connectors.provisioning import MalformedNotification, ServiceOrder, read_notification

PATH = "/listener/serviceOrderStateChangeEvent"

log = structlog.get_logger()


def listener_routes(backends: Backends, fulfilment: TemporalFulfilment) -> list[Route]:
    """The routes to add to the gateway. Lost, late and repeated notifications do no harm."""

    async def catalog_changed(request: Request) -> Response:
        try:
            backends.catalog.invalidate(catalog.read_catalog_event(await request.body()))
        except MalformedNotification as error:
            return Response(f"not an event of the catalog: {error}", HTTPStatus.BAD_REQUEST)
        return Response(status_code=HTTPStatus.NO_CONTENT)

    async def listen(request: Request) -> Response:
        try:
            told = read_notification(await request.body())
        except MalformedNotification as error:
            return Response(f"not a serviceOrderStateChangeEvent: {error}", HTTPStatus.BAD_REQUEST)
        if not told.state.ended:
            return Response(status_code=HTTPStatus.NO_CONTENT)
        try:
            asked = (await backends.provisioning.by_ids([told.id])).get(told.id)
            if asked is not None:
                await _pass_on(asked, fulfilment)
        except (BackendFailure, FulfilmentUnavailable) as failure:
            log.warning("notification_put_off", service_order_id=told.id, reason=str(failure))
            return Response("try again later", HTTPStatus.SERVICE_UNAVAILABLE, headers={"Retry-After": "1"})
        return Response(status_code=HTTPStatus.NO_CONTENT)

    return [
        Route(PATH, listen, methods=["POST"]),
        *(Route(f"/listener/{event}", catalog_changed, methods=["POST"]) for event in catalog.EVENTS),
    ]


async def _pass_on(service_order: ServiceOrder, fulfilment: TemporalFulfilment) -> None:
    """The external id is the task's key, `order:task:revision`; what has another is not ours."""
    parts = (service_order.external_id or "").split(":")
    if len(parts) != 3 or not parts[2].isdigit():
        return
    order_id, task_id, revision = parts[0], parts[1], int(parts[2])
    match result_of(service_order):
        case Accepted():
            return
        case Done(reference):
            report = TaskReport(
                task_id=task_id, revision=revision, kind=ReportKind.COMPLETED, reference=reference, attempts=0
            )
        case Refused(code, message):
            cause = Cause(kind=code, message=message, final=True)
            report = TaskReport(task_id=task_id, revision=revision, kind=ReportKind.FAILED, cause=cause, attempts=0)
    if not await fulfilment.report(order_id, report):
        log.info("notification_without_order", order_id=order_id, service_order_id=service_order.id)
