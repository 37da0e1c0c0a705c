"""Imports go down only: the floors of the package, read from its source.

Floor 0 holds the network and what it is made of, floor 1 what acts on it, floor 2 experiments,
floor 3 figures, floor 4 the site. A module may import from its own floor and the floors below.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import initexplain

PACKAGE = "initexplain"
SOURCE = Path(initexplain.__file__).parent

# the floor of a module, or of every module in a folder
FLOORS = {
    "checks": 0,
    "activations": 0,
    "initializers": 0,
    "datasets": 0,
    "losses": 0,
    "network": 0,
    "optimizers": 0,
    "threads": 0,
    "recurrent": 0,
    "training": 1,
    "sweeps": 1,
    "symmetry": 1,
    "signal": 1,
    "mean_field": 1,
    "experiments": 2,
    "figures": 3,
    "site": 4,
}
# the highest floor that computes only: no plot, no print, no file
PURE = 2
ALLOWED = sys.stdlib_module_names | {"numpy", PACKAGE}
# imported where it is wanted, and only if it is there
OPTIONAL = {"threadpoolctl", "tqdm"}
FORBIDDEN_NAMES = {"print", "open", "input", "__import__", "exec"}
FORBIDDEN_ATTRIBUTES = {
    "open",
    "read_text",
    "write_text",
    "read_bytes",
    "write_bytes",
    "import_module",
    "savetxt",
    "loadtxt",
    "genfromtxt",
    "fromfile",
    "tofile",
    "savez",
    "memmap",
}
# of numpy.random: everything else draws from a hidden, global state
RANDOM = {"Generator", "default_rng"}


@dataclass(frozen=True)
class Module:
    """A source file, by its dotted name."""

    name: str
    path: Path
    tree: ast.Module

    @property
    def is_package(self) -> bool:
        return self.path.name == "__init__.py"

    @property
    def floor(self) -> int | None:
        """None for the package itself, which re-exports, and for what FLOORS does not know."""
        parts = self.name.split(".")
        return FLOORS.get(parts[1]) if len(parts) > 1 else None


def read_modules(source: Path) -> dict[str, Module]:
    """Every module below the folder of a package, by dotted name."""
    modules = {}
    for path in sorted(source.rglob("*.py")):
        parts = [PACKAGE, *path.relative_to(source).with_suffix("").parts]
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        modules[name] = Module(name, path, ast.parse(path.read_text(encoding="utf-8")))
    return modules


def imported_names(module: Module) -> Iterator[str]:
    """The dotted names a module imports anywhere in it, those inside functions too."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = module.name.split(".")
                up = node.level - (1 if module.is_package else 0)
                base = ".".join([*parts[: len(parts) - up], *filter(None, [base])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


def dependencies(module: Module, modules: dict[str, Module]) -> set[str]:
    """The modules of the package that a module imports from."""
    found = set()
    for name in imported_names(module):
        if name.split(".")[0] != PACKAGE:
            continue
        longest = name
        while longest not in modules and "." in longest:
            longest = longest.rpartition(".")[0]
        found.add(longest)
    return found - {module.name}


def unknown_floors(modules: dict[str, Module]) -> list[str]:
    return [
        f"{m.name}: no floor is known for it"
        for m in modules.values()
        if m.floor is None and m.name != PACKAGE
    ]


def imports_upwards(modules: dict[str, Module]) -> list[str]:
    found = []
    for module in modules.values():
        for name in sorted(dependencies(module, modules)):
            below = modules[name].floor
            if module.floor is not None and below is not None and below > module.floor:
                found.append(f"{module.name} (floor {module.floor}) imports {name} ({below})")
    return found


def import_cycles(modules: dict[str, Module]) -> list[str]:
    """Modules that reach themselves; imports inside functions count."""
    graph = {name: dependencies(module, modules) for name, module in modules.items()}
    found = []
    for start, first in graph.items():
        reached: set[str] = set()
        waiting = list(first)
        while waiting:
            name = waiting.pop()
            if name not in reached:
                reached.add(name)
                waiting.extend(graph[name])
        if start in reached:
            found.append(f"{start} imports itself by a cycle")
    return found


def root_reaches_too_high(modules: dict[str, Module]) -> list[str]:
    """The package itself is loaded first, so that it must not load an upper floor."""
    return [
        f"{PACKAGE} imports {name}, above floor 1"
        for name in sorted(dependencies(modules[PACKAGE], modules))
        if (modules[name].floor or 0) > 1
    ]


def is_reexport(node: ast.stmt) -> bool:
    if isinstance(node, ast.ImportFrom):
        return True
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    targets = [node.target] if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [])
    names = {target.id for target in targets if isinstance(target, ast.Name)}
    return bool(names) and names <= {"__all__", "__version__"}


def packages_that_do_more_than_reexport(modules: dict[str, Module]) -> list[str]:
    return [
        f"{module.name}: line {node.lineno} of __init__.py is not a re-export"
        for module in modules.values()
        if module.is_package
        for node in module.tree.body
        if not is_reexport(node)
    ]


def pure(modules: dict[str, Module]) -> list[Module]:
    """The modules of floors 0 to 2, and the package itself."""
    return [m for m in modules.values() if m.name == PACKAGE or (m.floor or 0) <= PURE]


def foreign_imports(modules: dict[str, Module]) -> list[str]:
    return [
        f"{module.name} imports {name}"
        for module in pure(modules)
        for name in imported_names(module)
        if name.split(".")[0] not in ALLOWED | OPTIONAL
    ]


def impure_calls(modules: dict[str, Module]) -> list[str]:
    found = []
    for module in pure(modules):
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Name) and node.id in FORBIDDEN_NAMES:
                found.append(f"{module.name}: {node.id} in line {node.lineno}")
            if isinstance(node, ast.Attribute) and node.attr in FORBIDDEN_ATTRIBUTES:
                found.append(f"{module.name}: .{node.attr} in line {node.lineno}")
    return found


def draws_without_seed(node: ast.AST) -> bool:
    """`np.random.<global>`, or a generator that takes its seed from the machine."""
    if isinstance(node, ast.Attribute):
        from_numpy = ast.unparse(node.value) in {"np.random", "numpy.random"}
        return from_numpy and node.attr not in RANDOM
    if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("default_rng"):
        return not node.args and not node.keywords
    return False


def hidden_randomness(modules: dict[str, Module]) -> list[str]:
    found = []
    for module in pure(modules):
        lines = [ast.unparse(n) for n in ast.walk(module.tree) if draws_without_seed(n)]
        names = [
            name
            for name in imported_names(module)
            if name.split(".")[0] in {"random", "secrets"} or name.startswith("numpy.random")
        ]
        found += [f"{module.name}: {what}" for what in (*lines, *names)]
    return found


RULES = [
    unknown_floors,
    imports_upwards,
    import_cycles,
    root_reaches_too_high,
    packages_that_do_more_than_reexport,
    foreign_imports,
    impure_calls,
    hidden_randomness,
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_package_keeps_the_rule(rule: object) -> None:
    assert callable(rule)
    assert rule(read_modules(SOURCE)) == []


def test_the_source_is_found() -> None:
    names = set(read_modules(SOURCE))
    assert {PACKAGE, f"{PACKAGE}.network", f"{PACKAGE}.training"} <= names


# a small package that keeps every rule, and changes that each break one
SOUND = {
    "__init__.py": '"""Doc."""\nfrom initexplain.network import N\n__all__ = ["N"]\n',
    "network.py": "import math\nimport numpy as np\nfrom initexplain.checks import Array\n",
    "checks.py": "def f(rng: 'np.random.Generator') -> float:\n    return rng.random()\n",
    "training.py": "from initexplain import network\nfrom . import checks\n",
    "experiments/__init__.py": '"""Doc."""\n',
    "experiments/drift.py": (
        "import numpy as np\nimport initexplain as ie\nfrom initexplain.training import train\n"
        "def run(seed: int) -> object:\n    return np.random.default_rng(seed)\n"
    ),
    "figures/drift.py": "import matplotlib\nfrom initexplain.experiments.drift import run\n",
    "site/pages.py": "import markdown\ndef f() -> None:\n    print(open('x').read())\n",
}

BROKEN: dict[str, tuple[str, str, str]] = {
    "unknown module": ("helpers.py", "", "unknown_floors"),
    "unknown folder": ("tools/clean.py", "", "unknown_floors"),
    "floor 0 from 1": ("network.py", "from initexplain.training import a", "imports_upwards"),
    "floor 1 from 2": (
        "training.py",
        "from initexplain.experiments import drift",
        "imports_upwards",
    ),
    "floor 2 from 3": (
        "experiments/drift.py",
        "import initexplain.figures.drift",
        "imports_upwards",
    ),
    "floor 2 from 3, relative": (
        "experiments/drift.py",
        "from ..figures import drift",
        "imports_upwards",
    ),
    "inside a package": (
        "experiments/__init__.py",
        "from ..figures.drift import a",
        "imports_upwards",
    ),
    "floor 3 from 4": (
        "figures/drift.py",
        "def f() -> None:\n    from initexplain.site.pages import f",
        "imports_upwards",
    ),
    "inside a condition": (
        "network.py",
        "if TYPE_CHECKING:\n    from .training import a",
        "imports_upwards",
    ),
    "cycle": ("checks.py", "from initexplain.network import N", "import_cycles"),
    "cycle through a function": (
        "checks.py",
        "def g() -> None:\n    from .network import N",
        "import_cycles",
    ),
    "cycle through the package": ("network.py", "import initexplain as ie", "import_cycles"),
    "root loads experiments": (
        "__init__.py",
        "from initexplain.experiments import drift",
        "root_reaches_too_high",
    ),
    "root computes": ("__init__.py", "x = 1", "packages_that_do_more_than_reexport"),
    "root defines": (
        "__init__.py",
        "def f() -> None: ...",
        "packages_that_do_more_than_reexport",
    ),
    "folder computes": (
        "experiments/__init__.py",
        "for x in []: pass",
        "packages_that_do_more_than_reexport",
    ),
    "matplotlib": ("experiments/drift.py", "import matplotlib.figure as m", "foreign_imports"),
    "matplotlib in a function": (
        "network.py",
        "def f() -> None:\n    from matplotlib import pyplot",
        "foreign_imports",
    ),
    "scipy in root": ("__init__.py", "from scipy import stats", "foreign_imports"),
    "print": ("training.py", "print(1)", "impure_calls"),
    "print passed on": ("training.py", "f = print", "impure_calls"),
    "open": ("experiments/drift.py", "open('x')", "impure_calls"),
    "path open": ("experiments/drift.py", "p.open()", "impure_calls"),
    "read": ("checks.py", "path.read_text()", "impure_calls"),
    "write": ("checks.py", "path.write_text('')", "impure_calls"),
    "hidden import": ("checks.py", "importlib.import_module('x')", "impure_calls"),
    "global state": (
        "experiments/drift.py",
        "np.random.seed(0)",
        "hidden_randomness",
    ),
    "no seed": ("experiments/drift.py", "np.random.default_rng()", "hidden_randomness"),
    "random module": ("network.py", "import random", "hidden_randomness"),
    "from numpy.random": (
        "network.py",
        "from numpy.random import normal",
        "hidden_randomness",
    ),
}


def write_package(folder: Path, files: dict[str, str]) -> dict[str, Module]:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return read_modules(folder)


def test_a_sound_package_breaks_no_rule(tmp_path: Path) -> None:
    modules = write_package(tmp_path, SOUND)
    assert [message for rule in RULES for message in rule(modules)] == []


@pytest.mark.parametrize(("file", "line", "rule"), BROKEN.values(), ids=BROKEN.keys())
def test_each_rule_finds_what_breaks_it(tmp_path: Path, file: str, line: str, rule: str) -> None:
    changed = {**SOUND, file: f"{SOUND.get(file, '')}{line}\n"}
    modules = write_package(tmp_path, changed)
    broken = {check.__name__ for check in RULES if check(modules)}
    assert rule in broken
    # an import upwards often closes a cycle as well; nothing else comes along
    assert broken <= {rule, "import_cycles", "imports_upwards"}


def loaded_by(*names: str) -> set[str]:
    """The top-level modules that a fresh interpreter loads for these imports."""
    code = (
        "import sys; before = set(sys.modules)\n"
        + "".join(f"import {name}\n" for name in names)
        # compiled modules share runtime entries that have no spec and come from no file
        + "new = set(sys.modules) - before\n"
        + "new = [m for m in new if getattr(sys.modules[m], '__spec__', None)]\n"
        + "print(*{m.partition('.')[0] for m in new})"
    )
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=SOURCE.parent)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_importing_the_package_loads_numpy_and_nothing_else() -> None:
    loaded = loaded_by(PACKAGE)
    assert {PACKAGE, "numpy"} <= loaded
    assert loaded <= ALLOWED


def test_floors_zero_to_two_load_numpy_and_nothing_else() -> None:
    assert loaded_by(*sorted(m.name for m in pure(read_modules(SOURCE)))) <= ALLOWED


def test_every_public_name_is_listed_once_and_is_there() -> None:
    names = initexplain.__all__
    assert len(names) == len(set(names))
    assert [name for name in names if not hasattr(initexplain, name)] == []
    imported = {
        alias.asname or alias.name
        for node in read_modules(SOURCE)[PACKAGE].tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert imported == set(names)
