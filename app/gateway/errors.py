"""What a client is told when something is wrong, and what it is not told."""

import re
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import structlog
from graphql import FieldNode, GraphQLError, GraphQLFormattedError

from connectors.base import correlation_id

log = structlog.get_logger()

INTERNAL_ERROR_MESSAGE: Final = "Internal error"
SUGGESTION: Final = re.compile(r" Did you mean [^?]*\?")
"""How graphql-core puts it."""

VALUE: Final = re.compile(
    r"(cannot represent [^:'\"]*):.*|(Expected value of type '[^']*'[^,;]*)[,;].*"
    r"|^((?:Variable '\$\w+' has invalid value[^:]*: )?Value) '.*'(?= does not exist in )",
    re.DOTALL,
)
"""How graphql-core repeats a value that is wrong. Who sent it knows it, and whoever logs errors need not."""

Explain = Callable[[BaseException], GraphQLError | None]
"""From an exception of a resolver to what the client is told (with `extensions.code`); None: it stays internal."""


class Code(StrEnum):
    """`extensions.code` of the gateway's own errors."""

    BAD_REQUEST = "BAD_REQUEST"
    BODY_TOO_LARGE = "BODY_TOO_LARGE"
    UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE"
    NOT_ACCEPTABLE = "NOT_ACCEPTABLE"
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    REQUEST_TIMEOUT = "REQUEST_TIMEOUT"
    STREAM_NOT_FOUND = "STREAM_NOT_FOUND"
    STREAM_CONFLICT = "STREAM_CONFLICT"
    PERSISTED_QUERY_NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND"
    PERSISTED_QUERY_NOT_SUPPORTED = "PERSISTED_QUERY_NOT_SUPPORTED"
    PERSISTED_QUERY_HASH_MISMATCH = "PERSISTED_QUERY_HASH_MISMATCH"
    PERSISTED_QUERY_NOT_IN_LIST = "PERSISTED_QUERY_NOT_IN_LIST"
    QUERY_NOT_IN_SAFELIST = "QUERY_NOT_IN_SAFELIST"
    CALLBACK_NOT_ALLOWED = "CALLBACK_NOT_ALLOWED"
    CALLBACK_FAILED = "CALLBACK_FAILED"
    BATCH_LIMIT_EXCEEDED = "BATCH_LIMIT_EXCEEDED"
    TOO_MANY_STREAMS = "TOO_MANY_STREAMS"
    GOING_AWAY = "GOING_AWAY"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    AUTHENTICATION_UNAVAILABLE = "AUTHENTICATION_UNAVAILABLE"
    GRAPHQL_PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
    GRAPHQL_VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
    OPERATION_RESOLUTION_FAILURE = "OPERATION_RESOLUTION_FAILURE"
    BAD_USER_INPUT = "BAD_USER_INPUT"
    SUBSCRIPTION_NEEDS_STREAM = "SUBSCRIPTION_NEEDS_STREAM"
    JSON_DEPTH_LIMIT_EXCEEDED = "JSON_DEPTH_LIMIT_EXCEEDED"
    TOKEN_LIMIT_EXCEEDED = "TOKEN_LIMIT_EXCEEDED"
    OPERATION_LIMIT_EXCEEDED = "OPERATION_LIMIT_EXCEEDED"
    DEPTH_LIMIT_EXCEEDED = "DEPTH_LIMIT_EXCEEDED"
    FIELD_LIMIT_EXCEEDED = "FIELD_LIMIT_EXCEEDED"
    ROOT_FIELD_LIMIT_EXCEEDED = "ROOT_FIELD_LIMIT_EXCEEDED"
    ALIAS_LIMIT_EXCEEDED = "ALIAS_LIMIT_EXCEEDED"
    DIRECTIVE_LIMIT_EXCEEDED = "DIRECTIVE_LIMIT_EXCEEDED"
    FRAGMENT_SPREAD_LIMIT_EXCEEDED = "FRAGMENT_SPREAD_LIMIT_EXCEEDED"
    VARIABLE_LIMIT_EXCEEDED = "VARIABLE_LIMIT_EXCEEDED"
    LIST_LIMIT_EXCEEDED = "LIST_LIMIT_EXCEEDED"
    STRING_LIMIT_EXCEEDED = "STRING_LIMIT_EXCEEDED"
    TOO_MANY_OPERATIONS = "TOO_MANY_OPERATIONS"
    TOO_MANY_SUBSCRIPTIONS = "TOO_MANY_SUBSCRIPTIONS"
    COST_LIMIT_EXCEEDED = "COST_LIMIT_EXCEEDED"
    RATE_LIMITED = "RATE_LIMITED"
    OPERATION_TIMED_OUT = "OPERATION_TIMED_OUT"
    INTROSPECTION_NOT_ALLOWED = "INTROSPECTION_NOT_ALLOWED"
    INTERNAL_ERROR = "INTERNAL_ERROR"


class Refused(Exception):
    """A request that was not executed, and why: one code, one or more errors.

    `retry_after`: seconds after which it is worth while to ask again. `extensions` go with every error.
    """

    def __init__(
        self,
        code: Code,
        *errors: GraphQLError | str,
        retry_after: int | None = None,
        extensions: Mapping[str, object] = MappingProxyType({}),
    ) -> None:
        super().__init__(code.value)
        self.code = code
        self.retry_after = retry_after
        self._extensions = extensions
        self.errors = [GraphQLError(error) if isinstance(error, str) else error for error in errors]

    def without_suggestions(self) -> "Refused":
        """The same without what else the client may have meant: that tells names of the schema."""
        for error in self.errors:
            error.message = SUGGESTION.sub("", error.message)
        return self

    def formatted(self) -> list[GraphQLFormattedError]:
        """The errors as a GraphQL response shows them."""
        return [_formatted(error, {**(error.extensions or {}), **self._extensions}, self.code) for error in self.errors]


def internal_error() -> GraphQLFormattedError:
    """What a client sees of a fault of ours; the correlation id leads to the log."""
    extensions = {"code": Code.INTERNAL_ERROR.value, "correlationId": correlation_id.get()}
    return {"message": INTERNAL_ERROR_MESSAGE, "extensions": extensions}


def present(
    errors: Iterable[GraphQLError], explain: Explain, operation_name: str | None
) -> list[GraphQLFormattedError]:
    """Errors of an executed operation as the client sees them.

    Shown: what carries `extensions.code` on purpose, what `explain` knows, and arguments that the client got wrong.
    Everything else becomes an internal error and is logged once, here.
    """
    return [_present(error, explain, operation_name) for error in errors]


def present_failure(failure: Exception, explain: Explain, operation_name: str | None) -> GraphQLFormattedError:
    """An exception that ended an operation as a whole, as the client sees it."""
    error = failure if isinstance(failure, GraphQLError) else GraphQLError(str(failure), original_error=failure)
    return _present(error, explain, operation_name)


def _present(error: GraphQLError, explain: Explain, operation_name: str | None) -> GraphQLFormattedError:
    cause = _cause(error)
    if error.extensions and "code" in error.extensions:
        return _formatted(error, {"correlationId": correlation_id.get(), **error.extensions})
    if (told := explain(cause)) is not None:
        located = GraphQLError(told.message, error.nodes, path=error.path, extensions=told.extensions)
        return _formatted(located, {"correlationId": correlation_id.get(), **(told.extensions or {})})
    if _is_wrong_argument(cause):
        return _formatted(error, {}, Code.BAD_USER_INPUT)
    log.error("internal_error", operation_name=operation_name, path=error.path, exc_info=cause)
    masked = _formatted(error, {})
    return {**masked, **internal_error()}


def _cause(error: GraphQLError) -> BaseException:
    cause: BaseException = error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    return cause


def _is_wrong_argument(cause: BaseException) -> bool:
    """Whether graphql-core refused an argument while executing: it points at the value, not at the field.

    A value that passes validation can still be wrong here: a null variable in place of a default.
    """
    return isinstance(cause, GraphQLError) and any(not isinstance(node, FieldNode) for node in cause.nodes or ())


def _formatted(error: GraphQLError, extensions: dict[str, object], code: Code | None = None) -> GraphQLFormattedError:
    formatted = error.formatted
    formatted["message"] = VALUE.sub(lambda found: next(filter(None, found.groups())), formatted["message"])
    if code is not None:
        extensions = {"code": code.value, **extensions}
    formatted.pop("extensions", None)
    return {**formatted, "extensions": extensions} if extensions else formatted
