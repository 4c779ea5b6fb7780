"""Carries out one operation by its plan: what generated code cannot do by itself, and everything that comes later.

A resolver's awaitable is waited for by a callback, without a level waiting for another: what a field's value needs is
begun as soon as that value is there, as graphql-core does, so loaders see the same batches. What fails is handled
here, one field at a time, where generated code gives up on a whole object.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Mapping
from enum import Enum
from types import CoroutineType
from typing import Any, Final

from graphql import ExecutionResult, GraphQLError, GraphQLObjectType, Undefined, default_field_resolver, located_error
from graphql.execution.values import VariableValues, get_argument_values
from graphql.pyutils import inspect, is_iterable
from graphql.pyutils.is_awaitable import is_async_iterable
from strawberry.execution import optimized_is_awaitable
from strawberry.types.arguments import convert_arguments

from app.gateway.execution.info import Info, Link, RawInfo, keys_of
from app.gateway.execution.plan import How, Kind, Plan, PlanField, PlanObject
from app.gateway.execution.values import IMMUTABLE, PLAIN, Typed, leaf, learn
from app.gateway.tracing import FieldSpans
from app.relation import Relation

NOTHING: Final[Mapping[str, Any]] = {}

Complete = Callable[[Any, Link, "Run"], object]
"""What a field's value becomes in the answer; generated."""


class Bubble(Exception):
    """An error on its way up to the nearest place that may be null."""

    def __init__(self, error: GraphQLError) -> None:
        super().__init__(error.message)
        self.error = error


Waiting = tuple[PlanField, dict[str, object] | None, Link, int]
"""Where an awaited value belongs: the field, what the value is put into, its place, and its depth in lists.

None instead of what it is put into: that is found from the root. A plain tuple, as there are thousands of them.
"""


class Run:
    """One operation being carried out."""

    __slots__ = (
        "asked", "context", "crashed", "data", "errors", "finished", "kept_kwargs", "loop",
        "nulled", "oddities", "plan", "spans", "tasks", "variables", "waits",
    )  # fmt: skip

    def __init__(self, plan: Plan, variables: VariableValues, context: object, spans: FieldSpans | None = None) -> None:
        """`spans` makes those of fields, for code that is traced."""
        self.spans = spans
        self.plan = plan
        self.variables = variables
        self.context = context
        self.data: dict[str, Any] | None = None
        self.errors: list[GraphQLError] = []
        self.waits: dict[asyncio.Future[Any], list[Waiting]] = {}
        self.asked: defaultdict[PlanField, dict[str, list[Waiting]]] = defaultdict(dict)
        self.tasks: set[asyncio.Future[Any]] = set()
        self.finished: asyncio.Future[None] | None = None
        self.crashed: BaseException | None = None
        self.kept_kwargs: dict[PlanField, Mapping[str, Any]] = {}
        self.nulled = False
        self.oddities = 0
        self.loop = asyncio.get_running_loop()

    # from the root

    async def query(self, root: Callable[[object, None, "Run"], dict[str, Any]]) -> ExecutionResult:
        """The result of fields that are carried out together."""
        try:
            self.data = root(None, None, self)
        except Bubble as bubble:
            self._give_up(bubble.error)
        await self._rest()
        return ExecutionResult(self.data, self.errors or None)

    async def mutation(
        self, results: dict[str, Any], steps: Iterable[Callable[[object, dict[str, Any], None, "Run"], None]]
    ) -> ExecutionResult:
        """The result of fields that are carried out one after the other."""
        self.data = results
        for step in steps:
            try:
                step(None, results, None, self)
            except Bubble as bubble:
                self._give_up(bubble.error)
            await self._rest()
            if self.data is None:
                break
        return ExecutionResult(self.data, self.errors or None)

    def _give_up(self, error: GraphQLError) -> None:
        self.errors.append(error)
        self.data = None
        self.nulled = True

    async def _rest(self) -> None:
        """Returns when nothing is waited for any more. Cancelled, it cancels what is."""
        if self.nulled:
            self._drop_dead()
        if self.waits:
            self.finished = self.loop.create_future()
            try:
                await self.finished
            except asyncio.CancelledError:
                left = [*self.waits]
                self.waits.clear()
                for future in left:
                    future.cancel()
                await asyncio.gather(*left, return_exceptions=True)
                raise
        if self.crashed is not None:
            raise self.crashed

    # what comes later

    def later(self, value: Any, field: PlanField, into: dict[str, Any] | None, link: Link, depth: int = 0) -> bool:
        """Whether this value has to be awaited; if so, that has begun. Types that never have to be are learnt."""
        if isinstance(value, CoroutineType):
            value = self.loop.create_task(value)
            self.tasks.add(value)
        elif isinstance(value, Exception):
            raise value
        elif not asyncio.isfuture(value):
            if not optimized_is_awaitable(value):
                learn(type(value))
                return False
            value = asyncio.ensure_future(value)
            self.tasks.add(value)
        self.wait(value, field, into, link, depth)
        return True

    def wait(
        self, future: asyncio.Future[Any], field: PlanField, into: dict[str, Any] | None, link: Link, depth: int = 0
    ) -> None:
        """Put the value of this future where it belongs when it is there."""
        entry = (field, into, link, depth)
        known = self.waits.get(future)
        if known is None:
            self.waits[future] = [entry]
            future.add_done_callback(self._settle)
        else:
            known.append(entry)

    def ask(self, relation: Relation, key: str, field: PlanField, into: dict[str, Any] | None, link: Link) -> None:
        """Put what the relation's loader has under this key where it belongs when it is there.

        Until then `asked` has, by field and key, the list of all such places, for others to be added to; afterwards
        that list is empty.
        """
        future = asyncio.ensure_future(relation.loader(self.context).load(key))
        self.wait(future, field, into, link)
        self.asked[field][key] = self.waits[future]

    def _settle(self, future: asyncio.Future[Any]) -> None:
        self.tasks.discard(future)
        entries = self.waits.pop(future, None)
        if entries is None:  # nobody waits for it any more
            if not future.cancelled():
                future.exception()
            return
        try:
            failure = future.exception()
            value = None if failure else future.result()
            if isinstance(value, Exception):
                failure = value
            if failure is None:
                self._arrived(entries, value)
            elif isinstance(failure, Exception):
                for entry in entries:
                    if not self.nulled or self._alive(entry[2]):
                        self._null(failure, entry)
            else:
                raise failure
            entries.clear()
            if self.nulled:
                self._drop_dead()
        except BaseException as crash:  # noqa: BLE001 - of a callback nobody would hear; the operation ends with it
            self.crashed = crash
            self.waits.clear()
        if not self.waits and self.finished is not None and not self.finished.done():
            self.finished.set_result(None)

    def _arrived(self, entries: list[Waiting], value: object) -> None:
        rendered: dict[PlanField, object] = {}
        for entry in entries:
            field, into, link, depth = entry
            if self.nulled and not self._alive(link):
                continue
            holder: Any = into
            if holder is not None and not depth and field in rendered:
                holder[link[1]] = rendered[field]
                continue
            try:
                if depth or type(value) is Typed:
                    result = self.complete(field, depth, value, link)
                else:
                    before = self.oddities, len(self.waits)
                    result = field.complete(value, link, self)
                    if field.shareable and before == (self.oddities, len(self.waits)):
                        rendered[field] = result
                (self._container(link) if holder is None else holder)[link[1]] = result
            except Exception as failure:  # noqa: BLE001 - whatever a resolver raises becomes an error of its field
                self._null(failure, entry)

    def _null(self, failure: Exception, entry: Waiting) -> None:
        """An awaited value is an error: null at the nearest place that may be."""
        field, _, link, depth = entry
        place: Link | None = link
        if isinstance(failure, Bubble):
            self.nulled = True
        self.errors.append(_located(failure, field, link))
        while not field.nullable[depth]:
            assert place is not None, "the root may be null"
            place = place[0]
            if depth:
                depth -= 1
            else:
                assert field.above is not None, "the root may be null"
                field = field.above
                depth = len(field.nullable) - 1
            self.nulled = True
        if place is None:
            self.data = None
        else:
            self._container(place)[place[1]] = None

    def _container(self, link: Link) -> Any:
        """What holds the place."""
        found: Any = self.data
        for key in keys_of(link[0]):
            found = found[key]
        return found

    def _alive(self, link: Link) -> bool:
        """Whether the place is still in the answer."""
        found: Any = self.data
        for key in keys_of(link[0]):
            if found is None:
                return False
            found = found[key]
        return found is not None

    def _drop_dead(self) -> None:
        """Wait no longer for what has no place in the answer any more."""
        self.nulled = False
        for future, entries in [*self.waits.items()]:
            entries[:] = [entry for entry in entries if self._alive(entry[2])]
            if not entries:
                del self.waits[future]
                if future in self.tasks:  # only what nobody else can be waiting for
                    future.cancel()

    def track(self, values: Iterable[Any]) -> None:
        """See to it that these are awaited, though nobody needs them (graphql-core's helper for resolvers)."""
        for value in values:
            if optimized_is_awaitable(value):
                future = asyncio.ensure_future(value)
                self.tasks.add(future)
                future.add_done_callback(self._settle)

    # what generated code asks for

    def seen(self, field: PlanField, resolver: Callable[..., Any], /, *given: Any, **named: Any) -> Any:
        """Have a field resolved, under a span when the operation is traced."""
        if self.spans is None:
            return resolver(*given, **named)
        return self.spans.call(field, str(field), resolver, *given, **named)

    def kwargs(self, field: PlanField) -> Mapping[str, Any]:
        """The arguments of a field as its function takes them, converted once where nothing could change them."""
        known = field.kept_kwargs or self.kept_kwargs.get(field)
        if known is not None:
            return known
        definition, node = field.definition, field.nodes[0]
        if not definition.args and not node.arguments:
            return NOTHING
        values: dict[str, Any] = get_argument_values(definition, node, self.variables)
        made_of = field.strawberry_field
        if field.how is How.RESOLVER and made_of is not None:
            converter = self.plan.strawberry_schema.schema_converter
            info: Any = Info(field, self, (None, field.key))
            values = convert_arguments(values, made_of.arguments, converter.scalar_registry, converter.config, info)
        if all(type(value) in IMMUTABLE or isinstance(value, Enum) for value in values.values()):
            if field.has_variables:
                self.kept_kwargs[field] = values
            else:
                field.kept_kwargs = values
        return values

    def failed(self, field: PlanField, failure: Exception, link: Link, depth: int = 0) -> None:
        """Null in place of what failed, where that is allowed; else it bubbles up."""
        if type(failure) is Bubble:
            error = failure.error
            self.nulled = True
        else:
            error = _located(failure, field, link)
        if not field.nullable[depth]:
            raise Bubble(error)
        self.errors.append(error)

    def value(self, field: PlanField, depth: int, value: Any, link: Link) -> object:
        """What a value becomes; null in its place, or a bubble, when that fails."""
        try:
            return self.complete(field, depth, value, link)
        except Exception as failure:  # noqa: BLE001 - whatever a resolver raises becomes an error of its field
            self.failed(field, failure, link, depth)
            return None

    # the interpreter

    def complete(self, field: PlanField, depth: int, value: Any, link: Link) -> Any:
        """What a value becomes, as the specification says. Raises what is wrong with it."""
        self.oddities += 1
        if type(value) not in PLAIN and not isinstance(value, Typed) and self.later(value, field, None, link, depth):
            return None
        if value is None or value is Undefined:
            if field.nullable[depth]:
                return None
            raise TypeError(f"Cannot return null for non-nullable field {field}.")
        match field.kinds[depth]:
            case Kind.LEAF:
                return leaf(field.types[depth], value)
            case Kind.LIST:
                return self._list(field, depth, value, link)
            case Kind.ABSTRACT:
                return self._abstract(field, depth, value, link)
            case Kind.OBJECT:
                return self._object(field, depth, field.types[depth], value, link)

    def _list(self, field: PlanField, depth: int, value: Any, link: Link) -> object:
        if is_async_iterable(value):
            self.later(_collected(value, field, link), field, None, link, depth)
            return None
        if not is_iterable(value):
            raise GraphQLError(f"Expected Iterable, but did not find one for field '{field}'.")
        return [self.value(field, depth + 1, member, (link, index)) for index, member in enumerate(value)]

    def _abstract(self, field: PlanField, depth: int, value: Any, link: Link) -> object:
        if isinstance(value, Typed):
            return self._object(field, depth, value.open()[1], value, link)
        type_ = field.types[depth]
        name = type_.resolve_type(value, self._raw(field, depth, link), type_)
        if optimized_is_awaitable(name):
            self.later(self._typed(field, depth, value, name), field, None, link, depth)
            return None
        return self._object(field, depth, self.runtime_type(field, depth, value, name), value, link)

    async def _typed(self, field: PlanField, depth: int, value: object, name: Awaitable[object]) -> Typed:
        return Typed(value, self.runtime_type(field, depth, value, await name), fits=False)

    def runtime_type(self, field: PlanField, depth: int, value: object, name: object) -> GraphQLObjectType:
        """The object type of this name, which a value of an abstract type is said to have. Raises GraphQLError."""
        abstract = field.types[depth]
        schema = self.plan.schema
        if not isinstance(name, str):
            why = (
                f" Either the '{abstract}' type should provide a 'resolve_type' function or each possible type should"
                " provide an 'is_type_of' function."
                if name is None
                else f" with value {inspect(value)}, received '{inspect(name)}', which is not a valid Object type name."
            )
            place = f"Abstract type '{abstract}' must resolve to an Object type at runtime for field '{field}'"
            raise GraphQLError(f"{place}.{why}" if name is None else f"{place}{why}", field.nodes)
        found = schema.get_type(name)
        if found is None:
            told = f"Abstract type '{abstract}' was resolved to a type '{name}' that does not exist inside the schema."
            raise GraphQLError(told, field.nodes)
        if not isinstance(found, GraphQLObjectType):
            raise GraphQLError(f"Abstract type '{abstract}' was resolved to a non-object type '{name}'.", field.nodes)
        if not schema.is_sub_type(abstract, found):
            raise GraphQLError(f"Runtime Object type '{found}' is not a possible type for '{abstract}'.", field.nodes)
        return found

    def _object(self, field: PlanField, depth: int, type_: GraphQLObjectType, value: Any, link: Link) -> object:
        checked = isinstance(value, Typed) and value.fits
        value = value.open()[0] if isinstance(value, Typed) else value
        if type_.is_type_of and not checked:
            fits = type_.is_type_of(value, self._raw(field, depth, link))
            if optimized_is_awaitable(fits):
                self.later(_fitting(field, type_, value, fits), field, None, link, depth)
                return None
            if not fits:
                raise _misfit(field, type_, value)
        return self.fields(self.plan.object(field, type_), value, link)

    def fields(self, of: PlanObject, source: Any, link: Link | None) -> dict[str, Any]:
        """The fields of an object, one by one."""
        results: dict[str, Any] = {}
        for field in of.fields:
            place = (link, field.key)
            results[field.key] = None
            try:
                value = self._resolve(field, source, place)
                if type(value) in PLAIN or not self.later(value, field, results, place):
                    results[field.key] = self.complete(field, 0, value, place)
            except Exception as failure:  # noqa: BLE001 - whatever a resolver raises becomes an error of its field
                self.failed(field, failure, place)
        return results

    def _resolve(self, field: PlanField, source: Any, link: Link) -> Any:
        made_of = field.strawberry_field
        match field.how:
            case How.TYPENAME:
                return field.parent.name
            case How.ATTRIBUTE if made_of is not None:
                return made_of.default_resolver(source, made_of.python_name)
            case How.RESOLVER if made_of is not None and made_of.base_resolver is not None:
                resolver = made_of.base_resolver
                arguments = dict(self.kwargs(field))
                for parameter in (resolver.parent_parameter, resolver.root_parameter):
                    if parameter is not None:
                        arguments[parameter.name] = source
                if resolver.info_parameter is not None:
                    arguments[resolver.info_parameter.name] = Info(field, self, link)
                positional = (source,) if resolver.self_parameter else ()
                return self.seen(field, resolver, *positional, **arguments)
            case _:
                resolve: Any = field.definition.resolve or default_field_resolver
                return self.seen(field, resolve, source, RawInfo(field, self, link), **self.kwargs(field))

    def _raw(self, field: PlanField, depth: int, link: Link) -> Any:
        for _ in range(depth):
            link = link[0]
        return RawInfo(field, self, link)


def _located(failure: Exception, field: PlanField, link: Link) -> GraphQLError:
    return failure.error if isinstance(failure, Bubble) else located_error(failure, field.nodes, keys_of(link))


def _misfit(field: PlanField, type_: GraphQLObjectType, value: object) -> GraphQLError:
    return GraphQLError(f"Expected value of type '{type_}' but got: {inspect(value)}.", field.nodes)


async def _fitting(field: PlanField, type_: GraphQLObjectType, value: object, fits: Any) -> Typed:
    if not await fits:
        raise _misfit(field, type_, value)
    return Typed(value, type_, fits=True)


async def _collected(value: AsyncIterable[object], field: PlanField, link: Link) -> list[object]:
    try:
        return [member async for member in value]
    except Exception as failure:
        raise located_error(failure, field.nodes, keys_of(link)) from failure
