"""Files of trusted documents: read, checked against the graph, and added to."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from app.cannot_start import CannotStart
from app.domain.actor import Role
from app.gateway.documents import Documents
from app.gateway.execution.executor import Executor
from app.gateway.manifest import TrustedDocument, Unreadable, read_documents, read_manifest, write_manifest
from app.gateway.persisted import Persisted, Trust, faults
from app.settings.model import Settings
from resolvers.schema import schema


def persisted(settings: Settings) -> Persisted:
    """How a gateway lets documents be named. Raises CannotStart when a trusted one could never be executed."""
    chosen = settings.documents
    if chosen.trust != "off" and not chosen.manifests:
        raise CannotStart(
            f"ORDERWAY_DOCUMENTS__TRUST is {chosen.trust}, but no document would be trusted: "
            "ORDERWAY_DOCUMENTS__MANIFESTS is not set."
        )
    if unknown := sorted(set(chosen.exempt) - set(Role)):
        raise CannotStart(f"ORDERWAY_DOCUMENTS__EXEMPT: {', '.join(unknown)}: not one of {', '.join(Role)}.")
    trusted = read_files([Path(name) for name in chosen.manifests])
    if wrong := faults_of(trusted, settings):
        raise CannotStart("\n".join(f"ORDERWAY_DOCUMENTS__MANIFESTS: {fault}" for fault in wrong))
    return Persisted(
        automatic=chosen.automatic,
        trust=Trust(chosen.trust),
        documents=tuple(trusted),
        exempt=frozenset(chosen.exempt),
    )


def read_files(files: Iterable[Path]) -> list[TrustedDocument]:
    """The documents in these files: manifests, or documents (`.graphql`, `.gql`). Raises CannotStart."""
    found: dict[str, TrustedDocument] = {}
    for file in files:
        try:
            content = file.expanduser().read_bytes()
            source = file.suffix in (".graphql", ".gql")
            documents = read_documents(content.decode()) if source else read_manifest(content)
        except (OSError, UnicodeDecodeError, Unreadable) as refusal:
            raise CannotStart(f"{file}: {refusal}.") from refusal
        for document in documents:
            if (other := found.get(document.id)) is not None and other.text != document.text:
                raise CannotStart(f"{file}: the id {document.id} stands for another document elsewhere.")
            found[document.id] = document
    return list(found.values())


def faults_of(documents: Sequence[TrustedDocument], settings: Settings) -> list[str]:
    """What is wrong with each document that this graph could never execute within these limits, in a sentence."""
    return faults(Documents(Executor(schema).schema, settings.limits), documents) if documents else []


def add(manifest: Path, documents: Iterable[TrustedDocument]) -> tuple[int, int]:
    """Add documents to a manifest; how many were new, and how many it has now. Raises CannotStart."""
    known = {document.id: document for document in (read_files([manifest]) if manifest.exists() else ())}
    before = len(known)
    known |= {document.id: document for document in documents}
    written = manifest.with_name(f"{manifest.name}.new")
    written.write_bytes(write_manifest(known.values()))
    written.replace(manifest)  # whoever reads it meanwhile has the old one or the new one, whole
    return len(known) - before, len(known)
