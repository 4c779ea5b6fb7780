"""Documents: contracts and their summaries (TMF667)."""

import base64
from datetime import datetime

import strawberry
from strawberry import field

from connectors import documents
from resolvers.context import Info
from resolvers.enums import SignatureState
from resolvers.fields import resolved


async def _content(root: strawberry.Parent[documents.Document], info: Info) -> str | None:
    content = await info.context.ordering.backends.documents.content(root.id)
    return None if content is None else base64.b64encode(content).decode()


@strawberry.type(description="A document that belongs to an order (TMF667 Document).")
class Document:
    key: strawberry.ID = resolved(strawberry.ID, lambda root: root.id, "Id of the document where it is kept.")
    name: str = field(description="What it is called.")
    document_type: str = field(description="contract or contractSummary.")
    version: str = field(description="Rises each time it is drawn up anew.")
    mime_type: str = field(description="Form of the content.")
    signature: SignatureState = field(description="How far its signature has come.")
    signed_at: datetime | None = field(description="When it was signed.")
    created_at: datetime | None = field(description="When it was kept.")
    content = resolved(
        str | None, _content, "The document itself, in base64. Null with an error while it is down.", weight=10
    )
