"""Spans as they were sent, made what the SDK's own exporters take."""

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode


def readable(request: bytes) -> list[ReadableSpan]:
    """Read a request of a batch of spans."""
    [spoken] = ExportTraceServiceRequest.FromString(request).resource_spans
    [scoped] = spoken.scope_spans
    resource = Resource(attributes(spoken.resource.attributes), spoken.schema_url)
    scope = InstrumentationScope(scoped.scope.name)
    return [span_of(one, resource, scope) for one in scoped.spans]


def span_of(one: Span, resource: Resource, scope: InstrumentationScope) -> ReadableSpan:
    return ReadableSpan(
        one.name,
        context(one.trace_id, one.span_id),
        parent=context(one.trace_id, one.parent_span_id) if one.parent_span_id else None,
        resource=resource,
        attributes=attributes(one.attributes),
        links=[Link(context(link.trace_id, link.span_id)) for link in one.links],
        kind=SpanKind(one.kind - 1),
        status=Status(StatusCode(one.status.code), one.status.message or None),
        start_time=one.start_time_unix_nano,
        end_time=one.end_time_unix_nano,
        instrumentation_scope=scope,
    )


def context(trace: bytes, span: bytes) -> SpanContext:
    return SpanContext(int.from_bytes(trace, "big"), int.from_bytes(span, "big"), is_remote=False)


def attributes(found: list[KeyValue]) -> dict[str, str | int | list[str]]:
    return {one.key: value_of(one.value) for one in found}


def value_of(one: AnyValue) -> str | int | list[str]:
    if one.HasField("array_value"):
        return [value.string_value for value in one.array_value.values]
    return one.string_value if one.HasField("string_value") else one.int_value
