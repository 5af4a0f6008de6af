"""How Schemathesis sends the one media type that it does not know (named to it in SCHEMATHESIS_HOOKS)."""
import json

import schemathesis


@schemathesis.serializer("application/x-ndjson")
def lines_of_json(ctx, value):
    """A generated value is one line of the stream."""
    return value if isinstance(value, bytes) else json.dumps(value).encode() + b"\n"
