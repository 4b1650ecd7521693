"""Who speaks, as every signal says."""

from uuid import uuid4

from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

SCOPE = InstrumentationScope("avstar")


def resource_of(version: str) -> Resource:
    """Return who speaks; `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` have the last word."""
    ours = Resource(
        {
            "service.name": "avstar",
            "service.version": version,
            "service.instance.id": str(uuid4()),  # processes of one upload are told apart
        }
    )
    return Resource.create().merge(ours).merge(OTELResourceDetector().detect())
