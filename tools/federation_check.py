"""Compose Orderway, as a subgraph, with a neighbour by the public composers of Apollo Federation.

Exit codes: 0 they compose, 1 they do not, with the composers' reasons, 2 the composers could not be installed.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from resolvers.schema import schema
from resolvers.subgraph import subgraph_sdl
from tools.npm import CannotInstall, node, npm_ci

FOLDER: Final = Path(__file__).resolve().parent / "federation"


def main() -> int:
    """Install the composers in a folder of their own, and compose."""
    with tempfile.TemporaryDirectory(prefix="orderway-federation-") as scratch:
        ours = Path(scratch) / "orderway.graphql"
        ours.write_text(subgraph_sdl(schema), encoding="utf-8")
        try:
            modules = npm_ci(FOLDER, Path(scratch))
        except CannotInstall as why:
            print(why, file=sys.stderr)  # noqa: T201 - a command's message
            return 2
        subgraphs = (f"orderway={ours}", f"tickets={FOLDER / 'tickets.graphql'}")
        composed = subprocess.run(
            [node(), str(FOLDER / "compose.mjs"), *subgraphs],
            env={**os.environ, "NODE_PATH": str(modules)},
            check=False,
        )
    return 1 if composed.returncode else 0


if __name__ == "__main__":
    sys.exit(main())
