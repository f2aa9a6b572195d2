"""The service calls nobody: what its libraries would report by themselves is turned off."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("module", ["controllers.main", "services.worker.tasks"])
def test_nothing_is_prepared_for_sending(module: str, tmp_path: Path) -> None:
    """ONNX Runtime's reporting keeps a store in the user's cache folder from its first import."""
    hidden = ("CI", "ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME")
    environ = {name: value for name, value in os.environ.items() if name not in hidden}
    code = f"import {module}, onnxruntime; onnxruntime.get_available_providers()"
    own = {**environ, "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", code], env=own, check=True)
    assert list(tmp_path.rglob("*")) == []
