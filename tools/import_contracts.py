"""An import-linter contract of our own: a package that imports the standard library and itself, nothing else."""

import sys

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class StandardLibraryOnly(Contract):
    """Modules in `package` import only the standard library and each other."""

    type_name = "standard_library_only"

    package = fields.StringField()

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Look at every direct import; a new dependency is refused without being listed anywhere."""
        package: str = self.package  # type: ignore[assignment]  # a field gives its value on the instance
        foreign = [
            f"{importer} imports {imported}"
            for importer in sorted({package, *graph.find_descendants(package)})
            for imported in sorted(graph.find_modules_directly_imported_by(importer))
            if imported.partition(".")[0] not in sys.stdlib_module_names
            and imported != package
            and not imported.startswith(f"{package}.")
        ]
        return ContractCheck(kept=not foreign, metadata={"foreign": foreign})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Name each import that is one too many."""
        for line in check.metadata["foreign"]:
            output.print_error(line)
