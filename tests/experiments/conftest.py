"""The result of the experiment that a module tests."""

import importlib

import pytest


@pytest.fixture(scope="module")
def result(request):
    """The experiment of the module's name, run with the module's `SETTINGS`."""
    name = request.module.__name__.removeprefix("test_")
    experiment = importlib.import_module(f"initexplain.experiments.{name}")
    return experiment.run(**request.module.SETTINGS)
