"""Customers, what they own and where their charges go (TMF629, 637, 666)."""

from collections.abc import Mapping
from datetime import date, datetime

import strawberry
from strawberry import field

from connectors import billing, customer, inventory
from resolvers.fields import loaded, resolved
from resolvers.ids import encode
from resolvers.loaders import Loaders
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
        loaded(Loaders.recurring_by_product_id, lambda root: root.id),
        "What is, was or will be charged for it again and again (TMF678). Null with an error while billing is down.",
    )
    offering = resolved(
        ProductOffering | None,
        loaded(Loaders.offering_by_id, lambda root: root.offering_id),
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


@strawberry.type(description="A site of the customer (TMF674 GeographicSite).")
class Site:
    key: strawberry.ID = resolved(strawberry.ID, lambda root: root.id, "Id of the site.")
    name: str = field(description="What the customer calls it.")
    status: str | None = field(description="Status of the site.")
    address = resolved(
        GeographicAddress | None,
        loaded(Loaders.address_by_id, lambda root: root.place_id),
        "Where it is (TMF673). Null with an error while it is down.",
    )


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
        loaded(Loaders.products_by_customer_id, lambda root: root.id),
        "What the customer owns (TMF637). Null with an error while the inventory is down.",
    )
    billing_accounts = resolved(
        list[BillingAccount] | None,
        loaded(Loaders.billing_accounts_by_customer_id, lambda root: root.id),
        "Where the customer's charges go (TMF666). Null with an error while billing is down.",
    )

    vip: bool = field(description="Whether the operator treats the customer with priority.")
    preferred_medium: str | None = field(description="How the customer wishes to be written to: email, sms or post.")
    party = resolved(
        Party | None,
        loaded(Loaders.party_by_id, lambda root: root.party_id),
        "Who it is (TMF632). Null with an error while customer information is down.",
    )
    sites = resolved(
        list[Site] | None,
        loaded(Loaders.sites_by_customer_id, lambda root: root.id),
        "The customer's sites (TMF674). Null with an error while it is down.",
    )
    bills = resolved(
        list[CustomerBill] | None,
        loaded(Loaders.bills_by_customer_id, lambda root: root.id),
        "What was billed (TMF678). Null with an error while billing is down.",
    )
    payment_methods = resolved(
        list[PaymentMethod] | None,
        loaded(Loaders.payment_methods_by_customer_id, lambda root: root.id),
        "How the customer can pay (TMF670). Null with an error while billing is down.",
    )
    interactions = resolved(
        list[Interaction] | None,
        loaded(Loaders.interactions_by_customer_id, lambda root: root.id),
        "Contacts with the customer (TMF683). Null with an error while channels are down.",
    )
    services = resolved(
        list[RealisingService] | None,
        loaded(Loaders.services_by_customer_id, lambda root: root.id),
        "The services behind the products (TMF638). Null with an error while they are down.",
    )
    buckets = resolved(
        list[Bucket] | None,
        loaded(Loaders.buckets_by_customer_id, lambda root: root.id),
        "Prepaid balances (TMF654). Null with an error while the prepaid platform is down.",
    )

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, customer.Customer)
