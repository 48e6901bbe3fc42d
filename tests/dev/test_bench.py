"""Benchmarks go by the product's own functions: they must run after those have changed."""

import os
import subprocess
import sys

import pytest

from bench.__main__ import NAMES


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_each_part_runs_to_its_end_on_few_rows(name, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "bench", name],
        env=os.environ | {"BENCH_ROWS": "2000", "VAR_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert " ours" in done.stdout
