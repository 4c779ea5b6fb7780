"""Customers, what they own and where their charges go (TMF629, 637, 666)."""

from collections.abc import Awaitable, Mapping
from datetime import date, datetime

import strawberry
from strawberry import field

from connectors import address, billing, customer, inventory
from resolvers.context import Info
from resolvers.fields import resolved
from resolvers.ids import encode
from resolvers.node import Node
from resolvers.types.contact import Interaction
from resolvers.types.finance import CustomerBill, PaymentMethod, RecurringCharge
from resolvers.types.offering import ProductOffering
from resolvers.types.place import GeographicAddress
from resolvers.types.resource import Bucket, RealisingService


@strawberry.type(description="A value of a product characteristic.")
class Characteristic:
    name: str = field(description="Name of the characteristic in the product specification.")
    value: str = field(description="The chosen value.")


def characteristics_of(values: Mapping[str, str]) -> list[Characteristic]:
    """The values as the graph lists them."""
    return [Characteristic(name=name, value=value) for name, value in values.items()]


@strawberry.type(description="An account that charges go to (TMF666 BillingAccount).")
class BillingAccount(Node):
    id = resolved(strawberry.ID, lambda root: encode("BillingAccount", root.id), "Opaque id.")
    key: str = resolved(str, lambda root: root.id, "Id of the account in billing (TMF666).")
    name: str = field(description="Name of the account.")
    state: str | None = field(description="State of the account, in billing's own word.")

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, billing.BillingAccount)


def _product_offering(root: strawberry.Parent[inventory.Product], info: Info) -> Awaitable[object] | None:
    return info.context.loaders.offering_by_id.load(root.offering_id) if root.offering_id else None


def _charges(root: strawberry.Parent[inventory.Product], info: Info) -> Awaitable[object]:
    return info.context.loaders.recurring_by_product_id.load(root.id)


@strawberry.type(description="A commitment that the customer has taken on for a product (TMF637 ProductTerm).")
class ProductTerm:
    name: str = field(description="What it is called.")
    amount: int | None = field(description="How long, in units.")
    unit: str | None = field(description="Unit of time, for example month.")
    starts_at: datetime | None = field(description="When it began.")
    ends_at: datetime | None = field(description="When it ends.")


@strawberry.type(description="How a product is out of use; the words are Orderway's own.")
class ProductSuspension:
    reason: str = field(description="Why.")
    originator: str = field(description="Who wanted it: customer, operator or credit.")
    scope: str = field(description="How much of it: full, outgoing or data.")
    billing: str = field(description="What becomes of its recurring charges: continue or pause.")
    resumes_at: datetime | None = field(description="When it is put into use again by itself; null: it is not.")


@strawberry.type(description="How a product goes with another one (TMF637 ProductRelationship).")
class ProductRelationship:
    type: str = field(description="What kind of relationship: bundles, reliesOn …")
    product_key: strawberry.ID = resolved(strawberry.ID, lambda root: root.product_id, "The other product.")


@strawberry.type(description="A product that a customer owns (TMF637 Product).")
class Product(Node):
    id = resolved(strawberry.ID, lambda root: encode("Product", root.id), "Opaque id.")
    key: str = resolved(str, lambda root: root.id, "Id of the product in the inventory (TMF637).")
    name: str = field(description="Name of the product.")
    status: str = field(description="Status in the inventory: created, pendingActive, active, suspended …")
    start_date: datetime | None = field(description="Since when the customer has it.")
    characteristics = resolved(
        list[Characteristic], lambda root: characteristics_of(root.characteristics), "How it is configured."
    )
    termination_date: datetime | None = field(description="When it ended.")
    terms: list[ProductTerm] = field(description="Commitments that the customer has taken on for it.")
    term_ends_at: datetime | None = field(description="When the last of them ends; null: there is none.")
    suspension: ProductSuspension | None = field(description="How it is out of use; null: it is not.")
    relationships: list[ProductRelationship] = field(description="How it goes with other products of the customer.")
    charges = resolved(
        list[RecurringCharge] | None,
        _charges,
        "What is, was or will be charged for it again and again (TMF678). Null with an error while billing is down.",
    )
    offering = resolved(
        ProductOffering | None,
        _product_offering,
        "What it was sold as (TMF620). Null with an error while the catalog is down.",
    )

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, inventory.Product)


@strawberry.type(description="The person or organization behind a customer (TMF632 Individual, Organization).")
class Party:
    key: strawberry.ID = resolved(strawberry.ID, lambda root: root.id, "Id of the party.")
    type: str = field(description="Individual or Organization.")
    name: str = field(description="Full name.")
    status: str | None = field(description="Status of the party, for example validated.")
    birth_date: date | None = field(description="Birth date of a person.")


def _site_place(root: strawberry.Parent[address.Site], info: Info) -> Awaitable[object] | None:
    return info.context.loaders.address_by_id.load(root.place_id) if root.place_id else None


@strawberry.type(description="A site of the customer (TMF674 GeographicSite).")
class Site:
    key: strawberry.ID = resolved(strawberry.ID, lambda root: root.id, "Id of the site.")
    name: str = field(description="What the customer calls it.")
    status: str | None = field(description="Status of the site.")
    address = resolved(
        GeographicAddress | None, _site_place, "Where it is (TMF673). Null with an error while it is down."
    )


def _party(root: strawberry.Parent[customer.Customer], info: Info) -> Awaitable[object] | None:
    return info.context.loaders.party_by_id.load(root.party_id) if root.party_id else None


def _sites(root: strawberry.Parent[customer.Customer], info: Info) -> Awaitable[object]:
    return info.context.loaders.sites_by_customer_id.load(root.id)


def _bills(root: strawberry.Parent[customer.Customer], info: Info) -> Awaitable[object]:
    return info.context.loaders.bills_by_customer_id.load(root.id)


def _payment_methods(root: strawberry.Parent[customer.Customer], info: Info) -> Awaitable[object]:
    return info.context.loaders.payment_methods_by_customer_id.load(root.id)


def _interactions(root: strawberry.Parent[customer.Customer], info: Info) -> Awaitable[object]:
    return info.context.loaders.interactions_by_customer_id.load(root.id)


def _services(root: strawberry.Parent[customer.Customer], info: Info) -> Awaitable[object]:
    return info.context.loaders.services_by_customer_id.load(root.id)


def _buckets(root: strawberry.Parent[customer.Customer], info: Info) -> Awaitable[object]:
    return info.context.loaders.buckets_by_customer_id.load(root.id)


def _products(root: strawberry.Parent[customer.Customer], info: Info) -> Awaitable[object]:
    return info.context.loaders.products_by_customer_id.load(root.id)


def _billing_accounts(root: strawberry.Parent[customer.Customer], info: Info) -> Awaitable[object]:
    return info.context.loaders.billing_accounts_by_customer_id.load(root.id)


@strawberry.type(description="Somebody who orders (TMF629 Customer).")
class Customer(Node):
    id = resolved(strawberry.ID, lambda root: encode("Customer", root.id), "Opaque id.")
    key: str = resolved(str, lambda root: root.id, "Customer number: the id in customer information (TMF629).")
    name: str = field(description="Full name of the person or organization.")
    status: str | None = field(description="Status of the customer, in the backend's own word, for example active.")
    status_reason: str | None = field(description="Why the customer has this status.")
    party_type: str | None = field(description="Individual or Organization (TMF632).")
    segment: str | None = field(description="Market segment, for example consumer or business.")
    email: str | None = field(description="E-mail address for contacts.")
    phone: str | None = field(description="Telephone number for contacts.")
    products = resolved(
        list[Product] | None,
        _products,
        "What the customer owns (TMF637). Null with an error while the inventory is down.",
    )
    billing_accounts = resolved(
        list[BillingAccount] | None,
        _billing_accounts,
        "Where the customer's charges go (TMF666). Null with an error while billing is down.",
    )

    vip: bool = field(description="Whether the operator treats the customer with priority.")
    preferred_medium: str | None = field(description="How the customer wishes to be written to: email, sms or post.")
    party = resolved(Party | None, _party, "Who it is (TMF632). Null with an error while customer information is down.")
    sites = resolved(list[Site] | None, _sites, "The customer's sites (TMF674). Null with an error while it is down.")
    bills = resolved(
        list[CustomerBill] | None, _bills, "What was billed (TMF678). Null with an error while billing is down."
    )
    payment_methods = resolved(
        list[PaymentMethod] | None,
        _payment_methods,
        "How the customer can pay (TMF670). Null with an error while billing is down.",
    )
    interactions = resolved(
        list[Interaction] | None,
        _interactions,
        "Contacts with the customer (TMF683). Null with an error while channels are down.",
    )
    services = resolved(
        list[RealisingService] | None,
        _services,
        "The services behind the products (TMF638). Null with an error while they are down.",
    )
    buckets = resolved(
        list[Bucket] | None,
        _buckets,
        "Prepaid balances (TMF654). Null with an error while the prepaid platform is down.",
    )

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, customer.Customer)
