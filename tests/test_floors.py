"""The floors of the package: what breaks a contract (`make lint` asks whether they are kept), what
no linter sees, the wheel."""

import ast
import shutil
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, run

PACKAGE = ROOT / "initexplain"
# what computes only: no plot, no print, no file
PURE = [
    path
    for path in sorted(PACKAGE.rglob("*.py"))
    if path.relative_to(PACKAGE).parts[0] not in ("check", "figures", "site")
]
# needs an extra of the site: it is not in the wheel
DIFFERENTIATED = [path for path in PURE if "autograd" in path.read_text("utf-8")]


# a line at the end of a module, and what is then said of it
BROKEN = {
    "helpers.py": ("x = 1", "listed as layers:\n\n- initexplain.helpers"),
    "network.py": ("from initexplain.training import a", "network -> initexplain.training"),
    "training.py": ("from . import experiments", "training -> initexplain.experiments"),
    "experiments/index.py": ("from ..figures import index", "index -> initexplain.figures.index"),
    "figures/index.py": (
        "def f():\n    from initexplain.site import svg",
        "index -> initexplain.site.svg",
    ),
    "datasets.py": (
        "if TYPE_CHECKING:\n    from .signal import a",
        "datasets -> initexplain.signal",
    ),
    "losses.py": ("import initexplain as ie", "initexplain.losses -> initexplain ("),
    "activations.py": ("from initexplain.network import a", ".activations -> .network"),
    "experiments/the_swap.py": ("import matplotlib.figure", "the_swap -> matplotlib"),
    "initializers.py": ("def f():\n    from pathlib import Path", "initializers -> pathlib"),
    "recurrent.py": ("import random", "recurrent -> random"),
}


def test_each_contract_finds_what_breaks_it(tmp_path):
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(PACKAGE, tmp_path / "initexplain")
    for name, (line, _) in BROKEN.items():
        with (tmp_path / "initexplain" / name).open("a", encoding="utf-8") as module:
            module.write(f"\n{line}\n")
    program = Path(sys.executable).with_name("lint-imports")
    environment = {"PYTHONPATH": str(tmp_path), "COLUMNS": "200"}
    status, said = run(program, "--no-cache", "--no-logo", cwd=tmp_path, **environment)
    assert status == 1
    assert [name for name, (_, expected) in BROKEN.items() if expected not in said] == [], said


# numpy, and what is imported where it is wanted, only if it is there
ALLOWED = sys.stdlib_module_names | {"initexplain", "numpy", "threadpoolctl", "tqdm"}


def impure(tree, allowed=ALLOWED):
    """What reaches for a file, another library, or chance that is no argument."""
    names = {"open", "input", "__import__", "tofile", "import_module"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            absolute = isinstance(node, ast.Import) or not node.level
            modules = [getattr(node, "module", None) or alias.name for alias in node.names]
            yield from [m for m in modules if absolute and m.partition(".")[0] not in allowed]
        if isinstance(node, ast.Name | ast.Attribute):
            name = node.id if isinstance(node, ast.Name) else node.attr
            yield from [ast.unparse(node)] * (name in names)
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("default_rng"):
            yield from [] if node.args or node.keywords else [ast.unparse(node)]


@pytest.mark.parametrize("path", PURE, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_experiments_and_what_they_stand_on_only_compute(path):
    allowed = ALLOWED | {"autograd"} if path in DIFFERENTIATED else ALLOWED
    assert list(impure(ast.parse(path.read_text("utf-8")), allowed)) == []


@pytest.mark.parametrize(
    "line",
    [
        *("open('x')", "p.open()", "f = input", "a.tofile(p)", "np.random.default_rng()"),
        *("def f():\n    from scipy.stats import norm", "import torch"),
    ],
)
def test_a_call_that_does_more_is_found(line):
    assert list(impure(ast.parse(line)))


def test_the_package_itself_only_names_what_is_public():
    tree = ast.parse((PACKAGE / "__init__.py").read_text("utf-8"))
    # what it imports and __all__ are the same: ruff, F401 and F822
    others = [ast.unparse(node) for node in tree.body if not isinstance(node, ast.ImportFrom)]
    assert all(text.startswith(("'", '"', "__all__ = [", "__version__ = ")) for text in others)


IMPORT_ALL = """
import pkgutil, sys
sys.path += sys.argv[1:]
before = set(sys.modules)
import initexplain
assert "initexplain.experiments" not in sys.modules
names = [m.name for m in pkgutil.walk_packages(initexplain.__path__, "initexplain.")]
for name in names:
    __import__(name)
# compiled modules share runtime entries that have no spec and come from no file
loaded = [n for n in set(sys.modules) - before if getattr(sys.modules[n], "__spec__", None)]
foreign = {name.partition(".")[0] for name in loaded} - sys.stdlib_module_names
assert foreign == {"initexplain", "numpy"}, foreign
print(*names)
"""


def test_the_wheel_holds_what_numpy_alone_can_import(tmp_path):
    built = tmp_path / "wheel"
    status, said = run("-m", "hatchling", "build", "--target", "wheel", "--directory", built)
    assert status == 0, said
    [wheel] = built.iterdir()
    with zipfile.ZipFile(wheel) as archive:
        # without the marker no type checker reads the annotations
        assert "initexplain/py.typed" in archive.namelist()
        archive.extractall(tmp_path / "installed")
    (tmp_path / "numpy").mkdir()
    for folder in Path(np.__file__).parents[1].glob("numpy*"):
        (tmp_path / "numpy" / folder.name).symlink_to(folder)
    # -I -S: no other package of this environment
    places = tmp_path / "installed", tmp_path / "numpy"
    status, said = run("-I", "-S", "-W", "error", "-c", IMPORT_ALL, *places, cwd=tmp_path)
    assert status == 0, said
    paths = [*(path for path in PURE if path not in DIFFERENTIATED), *PACKAGE.glob("check/*.py")]
    sources = {".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths}
    expected = {name.removesuffix(".__init__") for name in sources}
    assert set(said.split()) == {n for n in expected if n != "initexplain"}
