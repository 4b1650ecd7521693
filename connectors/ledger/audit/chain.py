"""The chain of a folder's ledgers, audited: a ledger that was removed or replaced shows."""

from pathlib import Path

from connectors.ledger.audit.findings import Findings
from connectors.ledger.chain import CHAIN, read_chain, strange_lines, unnoted
from connectors.ledger.files import sha256_of
from connectors.ledger.folders import ledger_folders
from connectors.ledger.manifest import MANIFEST, read_manifest


def check_chain(out: Path) -> Findings:
    """Hold the manifests of a folder against each other and against `.chain`.

    Raises:
        RefusedError: A manifest is damaged.
        OSError: A file cannot be read.
    """
    findings, before = Findings(), None
    for number in strange_lines(out):
        findings.add("chain", f"{out / CHAIN}:{number}", "is no line that a seal wrote")
    links = read_chain(out)
    links += unnoted(out, links)
    sealed = {
        sha256_of(folder / MANIFEST): manifest
        for folder in ledger_folders(out)
        if (manifest := read_manifest(folder)) and manifest.mode == "upload"
    }
    for link in links:
        manifest = sealed.pop(link.digest, None)
        if manifest is None:
            what = f"is gone or was replaced: {CHAIN} knows it with SHA-256 {link.digest}"
            findings.add("chain", out / link.ledger / MANIFEST, what)
        elif manifest.previous != before:
            what = f"names {manifest.previous} as the one before it, {CHAIN} says {before}"
            findings.add("chain", out / link.ledger / MANIFEST, what)
        before = link.digest
    for manifest in sealed.values():
        what = f"is no part of {CHAIN}: it came later, or something was taken away before it"
        findings.add("chain", out / manifest.ledger / MANIFEST, what)
    return findings
