"""The chart, rendered by helm, without a cluster."""

import subprocess
from functools import cache
from pathlib import Path

import yaml  # type: ignore[import-untyped]  # has no types of its own

ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy" / "helm" / "cinderblock"
#: Without a cluster to ask, helm has to be told.
KUBERNETES = "1.36.3"
NAMESPACE = "cinderblock"
#: The least that has to be set.
LEAST = ("key.existingSecret=cinderblock-key", "config.existingSecret=cinderblock-config")


@cache
def program():
    command = [ROOT / "tests" / "lab" / "helm.sh"]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def helm(*arguments):
    """Return how helm ended, and what it said."""
    return subprocess.run([program(), *map(str, arguments)], check=False, capture_output=True, text=True)


def rendering(*sets, name="cinderblock", namespace=NAMESPACE, values=()):
    """Return how `helm template` ended."""
    given = [part for one in sets for part in ("--set", one)] + [part for one in values for part in ("-f", one)]
    return helm("template", name, CHART, "--namespace", namespace, "--kube-version", KUBERNETES, *given)


def rendered(*sets, **where):
    """Return what the chart makes of these values, as text."""
    done = rendering(*sets, **where)
    assert done.returncode == 0, done.stderr
    return done.stdout


def objects(*sets, **where):
    """Return the objects that the chart makes of these values."""
    return [one for one in yaml.safe_load_all(rendered(*sets, **where)) if one]


def named(found, kind, name):
    """Return the one object of that kind and name."""
    (one,) = (each for each in found if each["kind"] == kind and each["metadata"]["name"] == name)
    return one
