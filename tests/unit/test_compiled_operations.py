"""Compiled or not, an operation has the same answer, the same errors, and asks the same of what is below."""

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from random import Random

import pytest
import strawberry
from graphql import ExecutionResult, GraphQLObjectType, execute, parse
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from prometheus_client import REGISTRY
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from app.gateway.documents import Documents
from app.gateway.errors import Refused
from app.gateway.execution.executor import Executor
from app.gateway.limits import Limits
from tests.generated import Maker, Operation, Pools, errors_of, same
from tests.unit.execution_toy import SCHEMA, World

LIMITS = Limits(depth=100, aliases=10_000, tokens=100_000)
POOLS: Pools = {"key": ["a", "bb", "ccc"], "Int": [0, 1, 3], "String": ["x", "y"]}
EXECUTOR = Executor(SCHEMA)
SHORTCUT = Executor(SCHEMA, compiled=False)

# graphql-core itself leaves coroutines behind when a sibling fails
pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning"),
]


@pytest.fixture(autouse=True)
def _left_behind() -> Iterator[None]:
    yield
    gc.collect()


async def by_core(made: Operation, world: World) -> ExecutionResult:
    """As graphql-core executes it, without anything of ours."""
    result = execute(
        EXECUTOR.schema,
        parse(made.text),
        context_value=world,
        variable_values=made.variables,
        executor_class=StrawberryGraphQLCoreExecutionContext,
        operation_extensions=None,
    )
    return result if isinstance(result, ExecutionResult) else await result


async def compare(made: Operation, seed: int, trouble: float, executor: Executor, documents: Documents) -> bool:
    """Whether it could be compared; fails when the answers differ, or what was asked for them."""
    try:
        operation = documents.operation(made.text, None)
    except Refused:
        return False  # by chance two fields of one name differ
    executor.prepare(operation)
    expected_world, world = World(seed, trouble), World(seed, trouble)
    expected = await by_core(made, expected_world)
    found = await executor.execute(operation, made.variables, world)
    assert operation.sightings.why_not is None
    assert same(found, expected), (made, seed, found, expected)
    if not errors_of(expected)[1]:  # else some of it was given up, depending on what came first
        assert world.asked == expected_world.asked, made
        assert sorted(world.batches) == sorted(expected_world.batches), made
    return True


async def compare_many(kind: str, trouble: float, executor: Executor, seeds: range) -> int:
    """How many made-up operations were compared."""
    compared = 0
    documents = Documents(EXECUTOR.schema, LIMITS)
    for seed in seeds:
        random = Random(seed)
        maker = Maker(SCHEMA._schema, random, POOLS, deepest=3, chance=random.choice([0.15, 0.3]))
        compared += await compare(maker.operation(kind), seed, trouble, executor, documents)
    return compared


@pytest.mark.parametrize("trouble", [0.0, 0.03, 0.15])
@pytest.mark.parametrize("kind", ["query", "mutation"])
async def test_answers_are_those_of_graphql_core(kind: str, trouble: float) -> None:
    assert await compare_many(kind, trouble, EXECUTOR, range(40)) > 25


async def test_the_short_cut_for_leaves_changes_no_answer() -> None:
    assert await compare_many("query", 0.1, SHORTCUT, range(30)) > 20


async def test_being_traced_changes_no_answer() -> None:
    with trace.use_span(TracerProvider().get_tracer("tests").start_span("operation")):
        async with counted("compiled", 20, at_least=True):
            assert await compare_many("query", 0.1, EXECUTOR, range(40, 70)) > 20


@pytest.mark.thorough
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("trouble", [0.0, 0.03, 0.15, 0.4])
@pytest.mark.parametrize("kind", ["query", "mutation"])
async def test_thousands_of_answers_are_those_of_graphql_core(kind: str, trouble: float) -> None:
    assert await compare_many(kind, trouble, EXECUTOR, range(1000, 2000)) > 700


@asynccontextmanager
async def counted(how: str, times: int, *, at_least: bool = False) -> AsyncIterator[None]:
    """So many executions were counted as this meanwhile."""
    labels = {"how": how}
    before = REGISTRY.get_sample_value("orderway_executions_total", labels) or 0
    yield
    found = (REGISTRY.get_sample_value("orderway_executions_total", labels) or 0) - before
    assert found == times or (at_least and found > times)


async def run(text: str, executor: Executor = EXECUTOR, times: int = 1, **variables: object) -> ExecutionResult:
    """The last result of executing it so often."""
    operation = Documents(EXECUTOR.schema, LIMITS).operation(text, None)
    for _ in range(times):
        result = await executor.execute(operation, variables, World(1, 0.0))
    return result


async def test_it_is_compiled_when_it_is_seen_again() -> None:
    async with counted("first_sight", 1), counted("compiled", 2):
        await run("{ thing { key } }", times=3)


async def test_compiling_can_be_switched_off() -> None:
    async with counted("switched_off", 2), counted("compiled", 0):
        await run("{ thing { key } }", SHORTCUT, times=2)


async def test_what_is_not_compiled_is_executed_by_graphql_core() -> None:
    async with counted("introspection", 1):
        result = await run("{ __schema { queryType { name } } }", times=2)
    assert result.data == {"__schema": {"queryType": {"name": "Query"}}}


@strawberry.type
class Person:
    name: str
    born: str


@strawberry.type
class People:
    @strawberry.field
    def person(self) -> Person:
        return Person(name="Ada", born="1815")


@pytest.mark.parametrize("compiled", [True, False])
async def test_a_function_that_was_put_before_a_field_is_asked_each_time(compiled: bool) -> None:
    executor = Executor(strawberry.Schema(People), compiled=compiled)
    person = executor.schema.type_map["Person"]
    assert isinstance(person, GraphQLObjectType)
    person.fields["born"].resolve = lambda *_: "***"  # as it does that holds back what the caller may not see
    operation = Documents(executor.schema, LIMITS).operation("{ person { name born } }", None)

    answers = [await executor.execute(operation, {}, None) for _ in range(3)]

    assert [answer.data for answer in answers] == [{"person": {"name": "Ada", "born": "***"}}] * 3


async def test_each_choice_of_what_is_skipped_has_its_own_code() -> None:
    text = "query ($v: Boolean!) { thing { key @skip(if: $v) again { key } } }"
    operation = Documents(EXECUTOR.schema, LIMITS).operation(text, None)
    EXECUTOR.prepare(operation)
    choices = ({"v": True}, {"v": False}, {"v": True})
    results = [await EXECUTOR.execute(operation, choice, World(1, 0.0)) for choice in choices]
    skipped, whole, again = (result.data for result in results)
    assert skipped == again == {"thing": {"again": {"key": "r"}}}
    assert whole == {"thing": {"key": "r", "again": {"key": "r"}}}


async def test_wrong_variables_are_refused_alike() -> None:
    text = "query ($key: String!) { thing(key: $key) { key } }"
    first = await run(text, key=5)
    again = await run(text, times=2, key=5)
    assert first.errors is not None and again.errors is not None
    assert [error.message for error in first.errors] == [error.message for error in again.errors]
    assert first.data is again.data is None


async def test_operations_at_the_same_time_do_not_see_each_others_variables() -> None:
    text = "query ($key: String!, $n: Int!) { later(key: $key) { later { wished(wish: {}, times: $n) { key } } } }"
    operation = Documents(EXECUTOR.schema, LIMITS).operation(text, None)
    EXECUTOR.prepare(operation)
    asked = [{"key": f"k{n}", "n": n} for n in range(5)]
    results = await asyncio.gather(*(EXECUTOR.execute(operation, variables, World(1, 0.0)) for variables in asked))
    assert [len(result.data["later"]["later"]["wished"]) for result in results if result.data] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("after", range(6))
async def test_a_client_that_goes_away_stops_everything(after: int) -> None:
    text = '{ a: later(key: "x") { later { later { key } surely { key } } } b: later { surely { loaded { key } } } }'
    operation = Documents(EXECUTOR.schema, LIMITS).operation(text, None)
    EXECUTOR.prepare(operation)
    world = World(3, 0.0)
    running = asyncio.create_task(EXECUTOR.execute(operation, {}, world))
    for _ in range(after):
        await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    asked, batches = world.asked.copy(), [*world.batches]
    for _ in range(30):
        await asyncio.sleep(0)
    assert (world.asked, world.batches, world.begun) == (asked, batches, world.ended)
