"""Numbers, SIMs and ports, and the prepaid platform (TMF685, 654, 640)."""

from app.domain.catalog import PriceType
from app.orchestration.operations.work import Done, Refused, Result, Work
from connectors.intelligent_network import ActivationState
from connectors.service_resources import NoneLeft, ResourceKind


async def assign_number(work: Work) -> Result:
    """A telephone number: the one that was chosen, or any."""
    return await _assign(work, ResourceKind.NUMBER)


async def assign_sim(work: Work) -> Result:
    """A SIM."""
    return await _assign(work, ResourceKind.SIM)


async def assign_port(work: Work) -> Result:
    """A port in the network near the place."""
    return await _assign(work, ResourceKind.PORT)


async def _assign(work: Work, kind: ResourceKind) -> Result:
    resources, chosen = work.backends.service_resources, work.reservation(kind)
    place = work.order.place_of(work.item)
    if chosen is not None:
        confirmed = await resources.confirm(chosen.id, key=f"{work.call.key}:chosen")
        if not isinstance(confirmed, NoneLeft):
            return Done(confirmed.id)
        if kind is ResourceKind.NUMBER:
            # another number than the customer chose is nothing to decide here
            return Refused("RESERVATION_LOST", f"{chosen.value}: {confirmed.reason}")
    reserved = await resources.reserve(
        kind,
        value=None,
        customer_id=work.order.customer_id,
        place_id=place.id if place else None,
        external_id=work.call.key,
        key=work.call.key,
    )
    if isinstance(reserved, NoneLeft):
        return Refused("NONE_LEFT", reserved.reason)
    confirmed = await resources.confirm(reserved.id, key=f"{work.call.key}:confirm")
    return Refused("NONE_LEFT", confirmed.reason) if isinstance(confirmed, NoneLeft) else Done(confirmed.id)


async def _number(work: Work) -> str:
    reservation_id = work.call.references["service_resources.assignNumber"]
    return (await work.backends.service_resources.by_ids([reservation_id]))[reservation_id].value


async def create_bucket(work: Work) -> Result:
    """The balance of the prepaid number."""
    made = await work.backends.intelligent_network.create_bucket(
        msisdn=await _number(work),
        product_id=work.product_id,
        customer_id=work.order.customer_id,
        external_id=work.call.key,
        key=work.call.key,
    )
    return Done(made.id)


async def top_up(work: Work) -> Result:
    """The starting credit: what the starter price is worth, duty free."""
    amounts = [p.duty_free for p in work.item.prices if p.price_type is PriceType.ONE_TIME]
    if not amounts:
        return Done()
    total = sum(amounts[1:], amounts[0])
    made = await work.backends.intelligent_network.top_up(
        work.call.references["intelligent_network.createBucket"],
        total.amount,
        total.currency,
        external_id=work.call.key,
        key=work.call.key,
    )
    return Done(made.id)


async def activate_prepaid(work: Work) -> Result:
    """The number, active on the prepaid platform; when it is not to be, the starting credit is taken back."""
    network, references = work.backends.intelligent_network, work.call.references
    activation = await network.activate(
        msisdn=await _number(work),
        customer_id=work.order.customer_id,
        bucket_id=references["intelligent_network.createBucket"],
        external_id=work.call.key,
        key=work.call.key,
    )
    if activation.state is ActivationState.ACTIVE:
        return Done(activation.id)
    topped_up = references.get("intelligent_network.topUp")
    if topped_up is not None:
        await network.reverse_top_up(topped_up, key=f"{topped_up}:reverse")
    return Refused("ACTIVATION_FAILED", activation.problem or "the prepaid platform refused the number")


async def release(work: Work) -> Result:
    """The number, SIM or port is free again; one that is gone already needs no more."""
    await work.backends.service_resources.release(work.reference, key=work.call.key)
    return Done(work.reference)


async def reverse_top_up(work: Work) -> Result:
    """The starting credit is taken back."""
    await work.backends.intelligent_network.reverse_top_up(work.reference, key=f"{work.reference}:reverse")
    return Done(work.reference)
