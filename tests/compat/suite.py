"""Runs cinderlib's own functional tests over `cinderblock.compat.cinderlib`, as they are.

python -m tests.compat.suite FOLDER prints what came of it as JSON in the last line; FOLDER is what
tests/lab/cinderlib-suite.sh printed. The tests are told what to do by their variables, CL_FTEST_….
"""

import importlib
import json
import sys
import types
import unittest
from pathlib import Path

import cinderblock.compat.cinderlib
from cinderblock.compat.cinderlib import cmd
from cinderblock.compat.cinderlib.cmd import cinder_to_yaml


def run(folder):
    """Run the tests in `folder`; return how many ran, and which did not pass."""
    functional = folder / "cinderlib" / "tests" / "functional"
    sys.modules["cinderlib"] = cinderblock.compat.cinderlib
    sys.modules["cinderlib.cmd"] = cmd
    sys.modules["cinderlib.cmd.cinder_to_yaml"] = cinder_to_yaml
    for name, path in (("cinderlib.tests", functional.parent), ("cinderlib.tests.functional", functional)):
        package = types.ModuleType(name)
        package.__path__ = [str(path)]
        sys.modules[name] = package
    # For ddt; the cinderlib beside it is not looked at, because it is there already.
    sys.path.append(str(folder))
    tests = unittest.defaultTestLoader.loadTestsFromModule(importlib.import_module(f"{package.__name__}.test_basic"))
    result = unittest.TextTestRunner(verbosity=2).run(tests)
    failed = [str(test) for test, _ in [*result.failures, *result.errors]]
    passed = result.testsRun - len(failed) - len(result.skipped)
    return {"run": result.testsRun, "passed": passed, "skipped": len(result.skipped), "failed": failed}


if __name__ == "__main__":
    print(json.dumps(run(Path(sys.argv[1]))))
