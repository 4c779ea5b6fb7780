"""Python for a plan: a function for each object that builds its part of the answer, and one for each field's value.

The code does what is usual and nothing else: leaves of the expected Python type, lists that are lists. Anything else,
and whatever fails, it hands to `Run`, which goes by the plan. So it holds no rule that is not in `Run`, too.

In the code `s` is the value that an object's fields are of, `p` its place in the answer, `R` the run, `v` a value.
"""

import asyncio
import keyword
import re
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from graphql import (
    ExecutionResult,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLObjectType,
    GraphQLString,
    Undefined,
    default_field_resolver,
)

from app.gateway.execution.info import Info, RawInfo
from app.gateway.execution.plan import How, Kind, Plan, PlanField, PlanObject
from app.gateway.execution.run import Run
from app.gateway.execution.values import PLAIN, Odd, leaf
from app.relation import Relation

USUAL: Final[dict[Any, str]] = {
    GraphQLString: "type({v}) is str",
    GraphQLID: "type({v}) is str",
    GraphQLBoolean: "type({v}) is bool",
    GraphQLInt: "type({v}) is int and -2147483648 <= {v} <= 2147483647",
    GraphQLFloat: "type({v}) is float and {v} - {v} == 0.0",
}
"""Values that coerce to themselves; the last one leaves out infinity and what is no number."""


class Code:
    """The functions of one plan."""

    def __init__(self, plan: Plan, *, traced: bool = False) -> None:
        """`traced`: what is resolved has spans."""
        self.plan = plan
        self._traced = traced
        self._names: dict[str, int] = {}
        self._constants: dict[int, str] = {}
        self._lines: list[str] = []
        self._completing: list[tuple[PlanField, str]] = []
        self._growing: list[Callable[[], object]] = []
        self._sources: list[str] = []
        self._namespace: dict[str, Any] = {
            "Future": asyncio.Future,
            "Info": Info,
            "Odd": Odd,
            "PLAIN": PLAIN,
            "RawInfo": RawInfo,
            "Undefined": Undefined,
        }
        if plan.serial:
            names = [self._step(field) for field in plan.root.fields]
            self._compile()
            self.steps: list[Callable[..., None]] = [self._namespace[name] for name in names]
        else:
            name = self._root(plan.root)
            self._compile()
            self.root: Callable[..., dict[str, Any]] = self._namespace[name]

    @property
    def source(self) -> str:
        """The code, with that for types that values have turned out to have."""
        return "\n".join(self._sources)

    def grow(self) -> None:
        """Generate at once what is left until a value has a certain type."""
        while self._growing:
            self._growing.pop()()

    async def execute(self, run: Run) -> ExecutionResult:
        """The result of the operation."""
        if self.plan.serial:
            return await run.mutation({}, self.steps)
        return await run.query(self.root)

    def _compile(self) -> None:
        source = "\n".join(self._lines)
        self._lines = []
        self._sources.append(source)
        exec(compile(source, f"<operation {len(self._sources)}>", "exec"), self._namespace)
        for field, name in self._completing:
            field.complete = self._namespace[name]
        self._completing = []

    # names and constants

    def _name(self, stem: str) -> str:
        """A name that is not taken, which begins like this."""
        stem = re.sub(r"\W", "_", stem)
        number = self._names[stem] = self._names.get(stem, 0) + 1
        return f"{stem}_{number}"

    def _constant(self, stem: str, value: object) -> str:
        """The name under which the code knows this value."""
        name = self._constants.get(id(value))
        if name is None:
            name = self._constants[id(value)] = self._name(stem)
            self._namespace[name] = value
        return name

    def _emit(self, indent: int, *lines: str) -> None:
        self._lines += ["    " * indent + line for line in lines]

    # objects

    def _root(self, of: PlanObject) -> str:
        parts = [self._prepared(field) for field in of.fields]
        name = self._name("root")
        self._emit(0, f"def {name}(s, p, R):", f"    r = {self._display(of.fields, ())}")
        for part in parts:
            part(1)
        self._emit(1, "return r", "")
        return name

    def _step(self, field: PlanField) -> str:
        part = self._prepared(field)
        name = self._name(f"step_{field.key}")
        self._emit(0, f"def {name}(s, r, p, R):")
        if field.how is How.TYPENAME:
            self._emit(1, f"r[{field.key!r}] = {field.parent.name!r}")
        else:
            self._emit(1, f"r[{field.key!r}] = None")
        part(1)
        self._emit(0, "")
        return name

    def _object(self, of: PlanObject, depth: int) -> str:
        """The function that renders such an object; emitted, not yet compiled."""
        field = of.of
        known = tuple(f for f in of.fields if _is_read(f))
        parts = [self._prepared(f) for f in of.fields if f not in known]
        place = self._constant("F_" + field.key, field)
        name = self._name(f"{of.type.name}_of_{field.key}")
        good = "type(s) in PLAIN"
        if of.type.is_type_of:
            check = self._constant("is_type_of_" + of.type.name, of.type.is_type_of)
            good += f" and {check}(s, RawInfo({place}, R, p{'[0]' * depth})) is True"
        self._emit(0, f"def {name}(s, p, R):", "    r = None")
        self._emit(1, "try:", f"    if {good}:", f"        r = {self._display(of.fields, known)}")
        self._emit(1, "except Exception:", "    r = None")
        self._emit(1, "if r is None:", f"    return R.value({place}, {depth}, s, p)")
        if field.nullable[depth] and depth and parts:
            self._emit(1, "try:")
            for part in parts:
                part(2)
            self._emit(2, "return r")
            self._emit(1, "except Exception as e:", f"    return R.failed({place}, e, p, {depth})")
        else:
            for part in parts:
                part(1)
            self._emit(1, "return r")
        self._emit(0, "")
        return name

    def _display(self, fields: tuple[PlanField, ...], known: tuple[PlanField, ...]) -> str:
        """The object with all its keys in order; what is not simply read comes later."""
        members = []
        for field in fields:
            if field.how is How.TYPENAME:
                value = repr(field.parent.name)
            elif field in known:
                value = self._leaf(field, 0, f"(v := {_read(field)})", self._else_odd(field))
            else:
                value = "None"
            members.append(f"            {field.key!r}: {value},")
        return "\n".join(["{", *members, "        }"])

    # fields

    def _prepared(self, field: PlanField) -> Callable[[int], None]:
        """Emits what the field needs, and gives what emits the field itself at an indentation."""
        if field.how is How.TYPENAME:
            return lambda _: None
        place = self._constant("F_" + field.key, field)
        completed = self._completed(field, 0, place)
        field.shareable = _shareable(self.plan, field)
        complete = self._name(f"complete_{field.key}")
        self._emit(0, f"def {complete}(v, q, R):", f"    return {completed}", "")
        self._completing.append((field, complete))
        relation = None if self._traced else field.relation
        if relation is not None:
            return partial(self._emit_relation, field, place, relation, completed)
        call = self._call(field, place)
        resolved = field.how is not How.ATTRIBUTE

        def emit(indent: int) -> None:
            key = repr(field.key)
            self._emit(indent, f"q = (p, {key})", "try:", f"    v = {call}")
            if resolved:
                self._emit(indent + 1, "if type(v) is Future:", f"    R.wait(v, {place}, r, q)")
            self._emit(
                indent + 1,
                f"{'elif' if resolved else 'if'} v is None or type(v) in PLAIN or not R.later(v, {place}, r, q):",
                f"    r[{key}] = {completed}",
            )
            self._emit(indent, "except Exception as e:", f"    r[{key}] = R.failed({place}, e, q)")

        return emit

    def _emit_relation(self, field: PlanField, place: str, relation: Relation, completed: str, indent: int) -> None:
        key = repr(field.key)
        keys, loaded = self._constant("key_of_" + field.key, relation.key), self._constant("R_" + field.key, relation)
        self._emit(indent, f"q = (p, {key})", "try:", f"    k = {keys}(s)", "    if k:")
        self._emit(
            indent + 2,
            f"w = R.asked[{place}].get(k)",
            "if w:",
            f"    w.append(({place}, r, q, 0))",
            "else:",
            f"    R.ask({loaded}, k, {place}, r, q)",
        )
        if not field.nullable[0]:
            self._emit(indent + 1, "else:", "    v = None", f"    r[{key}] = {completed}")
        self._emit(indent, "except Exception as e:", f"    r[{key}] = R.failed({place}, e, q)")

    def _call(self, field: PlanField, place: str) -> str:
        """How its value is had."""
        made_of = field.strawberry_field
        if field.how is How.ATTRIBUTE:
            return self._attribute(field)
        arguments = [f"**R.kwargs({place})"] if field.definition.args or field.nodes[0].arguments else []
        if field.how is How.RESOLVER and made_of is not None and made_of.base_resolver is not None:
            resolver = made_of.base_resolver
            function = self._constant("resolve_" + field.key, resolver.wrapped_func)
            above = (resolver.parent_parameter, resolver.root_parameter)  # may be the same one
            for name in {parameter.name for parameter in above if parameter is not None}:
                arguments.insert(0, f"{name}=s")
            if resolver.info_parameter is not None:
                arguments.insert(0, f"{resolver.info_parameter.name}=Info({place}, R, q)")
            if resolver.self_parameter:
                arguments.insert(0, "s")
            return self._called(function, place, arguments)
        function = self._constant("resolve_" + field.key, field.definition.resolve or default_field_resolver)
        return self._called(function, place, ["s", f"RawInfo({place}, R, q)", *arguments])

    def _called(self, function: str, place: str, arguments: list[str]) -> str:
        if self._traced:
            return f"R.seen({', '.join([place, function, *arguments])})"
        return f"{function}({', '.join(arguments)})"

    def _attribute(self, field: PlanField) -> str:
        made_of = field.strawberry_field
        assert made_of is not None, "a field that is an attribute was made by Strawberry"
        if _is_simple(field):
            return f"s.{made_of.python_name}"
        return f"{self._constant('get', made_of.default_resolver)}(s, {made_of.python_name!r})"

    # values

    def _completed(self, field: PlanField, depth: int, place: str) -> str:
        """What `v` becomes at place `q`."""
        kind = field.kinds[depth]
        if kind is Kind.LEAF:
            return self._leaf(field, depth, "v", f"R.complete({place}, {depth}, v, q)")
        function = self._list(field, depth, place) if kind is Kind.LIST else self._value(field, depth, place)
        return f"None if v is None else {function}(v, q, R)" if field.nullable[depth] else f"{function}(v, q, R)"

    def _value(self, field: PlanField, depth: int, place: str) -> str:
        """The function that renders an object, or a value of an abstract type."""
        if field.kinds[depth] is Kind.OBJECT:
            return self._object(self.plan.object(field, field.types[depth]), depth)
        functions: dict[object, Callable[..., object]] = {}

        def grow(type_name: object) -> Callable[..., object] | None:
            """The function for a type of which a value is met for the first time; None: it is not possible."""
            type_ = self.plan.schema.get_type(type_name) if isinstance(type_name, str) else None
            if not isinstance(type_, GraphQLObjectType) or not self.plan.schema.is_sub_type(field.types[depth], type_):
                return None
            function = self._object(self.plan.object(field, type_), depth)
            self._compile()
            functions[type_name] = self._namespace[function]
            return functions[type_name]

        possible = self.plan.schema.get_possible_types(field.types[depth])
        self._growing += [partial(grow, one.name) for one in possible]
        by_type = self._constant("by_type_" + field.key, functions)
        more = self._constant("grow_" + field.key, grow)
        resolve = self._constant("type_of_" + field.key, field.types[depth].resolve_type)
        type_ = self._constant("T_" + field.key, field.types[depth])
        name = self._name(f"any_of_{field.key}")
        self._emit(
            0,
            f"def {name}(s, p, R):",
            "    f = None",
            "    if type(s) in PLAIN:",
            "        try:",
            f"            t = {resolve}(s, RawInfo({place}, R, p{'[0]' * depth}), {type_})",
            f"            f = {by_type}.get(t) or {more}(t)",
            "        except Exception:",
            "            f = None",
            f"    return R.value({place}, {depth}, s, p) if f is None else f(s, p, R)",
            "",
        )
        return name

    def _list(self, field: PlanField, depth: int, place: str) -> str:
        inner = depth + 1
        kind = field.kinds[inner]
        by_plan = f"return R.complete({place}, {depth}, v, q)"
        body: list[str]
        if kind is Kind.LEAF:
            members = self._leaf(field, inner, "x", self._else_odd(field, "x"), "x")
            body = ["try:", f"    return [{members} for x in v]", "except Exception:", f"    {by_plan}"]
        else:
            function = self._list(field, inner, place) if kind is Kind.LIST else self._value(field, inner, place)
            member = f"{function}(x, (q, i), R)"
            member = f"None if x is None else {member}" if field.nullable[inner] else member
            body = [f"return [{member} for i, x in enumerate(v)]"]
        if depth:  # the place of an inner list may be null by itself
            body = ["try:", *("    " + line for line in body), "except Exception as e:"]
            body.append(f"    return R.failed({place}, e, q, {depth})")
            by_plan = f"return R.value({place}, {depth}, v, q)"
        name = self._name(f"list_of_{field.key}")
        self._emit(0, f"def {name}(v, q, R):", "    if type(v) is not list and type(v) is not tuple:")
        self._emit(2, by_plan)
        self._emit(1, *body)
        self._emit(0, "")
        return name

    def _leaf(self, field: PlanField, depth: int, first: str, otherwise: str, v: str = "v") -> str:
        """What a value becomes that is a leaf; `first` is how it is read first."""
        type_ = field.types[depth]
        nullable = field.nullable[depth]
        if nullable:
            null, again = f"{first} is None", v
        else:
            null, again = "", first
        if type_ in USUAL:
            usual = USUAL[type_].format(v=v).replace(v, again, 1)
            if nullable:
                return f"({v} if {null} or {usual} else {otherwise})"
            return f"({v} if {usual} else {otherwise})"
        if isinstance(type_, GraphQLEnumType):
            cls = getattr(type_, "wrapped_cls", None)
            if cls is None:
                value = otherwise if nullable else f"({otherwise} if ({again},) else None)"
            else:
                names = self._constant("names_" + type_.name, _names(type_, cls))
                of_class = self._constant(type_.name, cls)
                value = f"{names}[{v}._name_] if type({again}) is {of_class} else {otherwise}"
        else:
            coerce = self._constant("coerce_" + type_.name, type_.coerce_output_value)
            good = f"type({again}) in PLAIN and (w := {coerce}({v})) is not None and w is not Undefined"
            value = f"w if {good} else {otherwise}"
        return f"(None if {null} else {value})" if nullable else f"({value})"

    def _else_odd(self, field: PlanField, v: str = "v") -> str:
        def odd(value: Any) -> object:
            """A leaf of another Python type than usual, where that cannot do any harm."""
            if type(value) not in PLAIN:
                raise Odd
            return leaf(field.leaf, value)

        name = f"unusual_{field.key}"
        if self._namespace.get(name) is None:
            self._namespace[name] = odd
        else:
            name = self._constant(name, odd)
        return f"{name}({v})"


def _is_read(field: PlanField) -> bool:
    """Whether its value is simply read and is a leaf."""
    return field.how is How.TYPENAME or (
        field.how is How.ATTRIBUTE and field.kinds == (Kind.LEAF,) and _is_simple(field)
    )


def _is_simple(field: PlanField) -> bool:
    made_of = field.strawberry_field
    if made_of is None or made_of.default_resolver is not getattr:
        return False
    return made_of.python_name.isidentifier() and not keyword.iskeyword(made_of.python_name)


def _read(field: PlanField) -> str:
    assert field.strawberry_field is not None, "it is an attribute"
    return f"s.{field.strawberry_field.python_name}"


def _names(type_: GraphQLEnumType, cls: Any) -> dict[str, object]:
    """By the name of an enum's member in Python, its name in the graph."""
    found: dict[str, object] = {}
    for member in cls:
        try:
            found[member._name_] = type_.coerce_output_value(member)
        except Exception:  # noqa: BLE001 - a member that the graph does not have is refused when it comes
            continue
    return found


def _shareable(plan: Plan, field: PlanField) -> bool:
    """Whether all that is asked of its value follows from the value alone."""
    if field.kinds[-1] is Kind.ABSTRACT:
        return False
    if field.kinds[-1] is Kind.LEAF:
        return True
    return all(_follows(plan, inner) for inner in plan.object(field, field.leaf).fields)


def _follows(plan: Plan, field: PlanField) -> bool:
    if field.how is How.RESOLVER:
        resolver = field.strawberry_field and field.strawberry_field.base_resolver
        if not resolver or resolver.info_parameter is not None or field.definition.args:
            return False
    return field.how is not How.WRAPPED and _shareable(plan, field)
