"""A short run of `python -m tests.fuzz`: whatever is asked, the answer is GraphQL and no fault of ours."""

from app.domain.actor import Role
from tests.fuzz import fuzz
from tests.harness import Product


async def test_nothing_that_is_asked_at_random_is_a_fault_of_ours(product: Product) -> None:
    outcome = await fuzz(product.urls[0], [product.token(role) for role in Role], seed=20260502, operations=150)

    assert outcome.wrong == []
    assert outcome.kinds["data"] > 10
