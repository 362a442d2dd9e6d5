"""What tests share."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def program():
    """The command line: what ELMAN_CLI names, or what the tests of the workspace have built."""
    built = Path(__file__).parents[3] / "target" / "debug" / "elman"
    path = Path(os.environ.get("ELMAN_CLI") or built)
    assert path.exists(), f"{path}: expected the command line (hint: cargo build, or ELMAN_CLI)"
    return path
