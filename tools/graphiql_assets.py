"""Install the ready-made builds behind GraphiQL into the gateway's static files. Does nothing when they are there.

The versions and their integrity are those of tools/graphiql/package-lock.json; no script of a package is run.
"""

import hashlib
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tools.npm import CannotInstall, npm_ci

ROOT: Final = Path(__file__).resolve().parent.parent
LOCK: Final = Path(__file__).resolve().parent / "graphiql"
VENDOR: Final = ROOT / "app" / "gateway" / "static" / "vendor"
FILES: Final = {
    "react.js": "react/umd/react.production.min.js",
    "react-dom.js": "react-dom/umd/react-dom.production.min.js",
    "graphql-ws.js": "graphql-ws/umd/graphql-ws.min.js",
    "graphiql.js": "graphiql/graphiql.min.js",
    "graphiql.css": "graphiql/graphiql.min.css",
    "explorer.js": "@graphiql/plugin-explorer/dist/index.umd.js",
    "explorer.css": "@graphiql/plugin-explorer/dist/style.css",
}
"""Where a file of the page comes from in node_modules."""
NOTICES: Final = "LICENSES.txt"


def main() -> int:
    """Install when needed; 2 with one sentence on stderr when that is not possible."""
    try:
        install(VENDOR)
    except CannotInstall as why:
        print(why, file=sys.stderr)  # noqa: T201 - a command's message
        return 2
    return 0


def install(vendor: Path) -> bool:
    """Whether anything had to be done. Raises CannotInstall."""
    wanted = _stamp()
    stamp = vendor / "stamp"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return False
    with tempfile.TemporaryDirectory(prefix="orderway-graphiql-") as scratch:
        modules = npm_ci(LOCK, Path(scratch))
        vendor.mkdir(parents=True, exist_ok=True)
        stamp.unlink(missing_ok=True)  # written last: a half-done folder has none
        for name, source in FILES.items():
            shutil.copyfile(modules / source, vendor / name)
        (vendor / NOTICES).write_text("\n".join(_notices(modules)), encoding="utf-8")
    stamp.write_text(wanted, encoding="utf-8")
    return True


def _stamp() -> str:
    parts = [(LOCK / "package-lock.json").read_bytes(), Path(__file__).read_bytes()]
    return hashlib.sha256(b"".join(parts)).hexdigest()


def _notices(modules: Path) -> Iterator[str]:
    """The licences of all packages, as the builds contain more of them than they are named after."""
    for folder in sorted(p.parent for p in modules.rglob("package.json") if _is_package(p.parent, modules)):
        for notice in sorted(folder.glob("LICEN[SC]E*")):
            yield f"{folder.relative_to(modules)}\n\n{notice.read_text(encoding='utf-8', errors='replace')}\n"


def _is_package(folder: Path, modules: Path) -> bool:
    parents = [parent.name for parent in folder.relative_to(modules.parent).parents]
    return parents[0] == "node_modules" or (parents[0].startswith("@") and parents[1] == "node_modules")


if __name__ == "__main__":
    sys.exit(main())
