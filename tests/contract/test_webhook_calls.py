"""Where calls to webhooks may lead, whatever a name says."""

import socket
from ipaddress import ip_address

import pytest

from app.domain.webhook import WebhookPolicy, may_be_called
from connectors.webhook import webhook_calls

STRICT, HERE, INSIDE = WebhookPolicy(), WebhookPolicy(loopback=True), WebhookPolicy(private=True)


@pytest.mark.parametrize(
    ("address", "policies"),
    [
        ("93.184.216.34", {STRICT, HERE, INSIDE}),
        ("2606:2800:220:1::1", {STRICT, HERE, INSIDE}),
        ("127.0.0.1", {HERE, INSIDE}),
        ("::1", {HERE, INSIDE}),
        ("::ffff:127.0.0.1", {HERE, INSIDE}),
        ("10.1.2.3", {INSIDE}),
        ("100.64.0.1", {INSIDE}),
        ("fd00::1", {INSIDE}),
        ("64:ff9b::a00:1", {INSIDE}),
        ("2002:a00:1::", {INSIDE}),
        ("169.254.169.254", set()),
        ("fe80::1", set()),
        ("0.0.0.0", set()),
        ("224.0.0.1", set()),
        ("255.255.255.255", set()),
    ],
)
def test_only_the_public_internet_and_what_the_policy_adds_may_be_called(
    address: str, policies: set[WebhookPolicy]
) -> None:
    assert {policy for policy in (STRICT, HERE, INSIDE) if may_be_called(ip_address(address), policy)} == policies


async def test_a_name_that_leads_to_this_machine_is_not_connected_to() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        port = server.getsockname()[1]
        async with webhook_calls(lambda address: may_be_called(address, STRICT)) as call:
            by_name = await call(f"http://localhost:{port}/", {}, b"{}")
            by_address = await call(f"http://127.0.0.1:{port}/", {}, b"{}")

        with pytest.raises(BlockingIOError):
            server.accept()
    assert by_name is not None
    assert by_address == "this address may not be called"
