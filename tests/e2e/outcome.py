"""What became of the specs of Kubernetes' own storage tests, as ginkgo reports it, and the page that says so."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml  # type: ignore[import-untyped]  # has no types of its own

from tests.bench.figures import aligned
from tests.e2e.machine import ROOT, cluster_program

_SIDECARS = ("provisioner", "attacher", "resizer", "snapshotter")
#: What is in front of a suite's name: the pattern of volumes that it is run with, and marks.
_PATTERN = re.compile(r"^(\[.*?\] )+")
#: What differs between reasons of one kind.
_VARYING = re.compile(r'"[^"]*"|cinderblock\.io')
_PAGE = """\
# Kubernetes' own storage tests

`make conformance` runs them, as root, in a cluster that it builds and starts, and writes this page. They are
External.Storage of Kubernetes {kubernetes}, told of the driver by
[deploy/conformance/driver.yaml](../deploy/conformance/driver.yaml): all of its capabilities that are true. The driver
is installed by its chart and keeps files on xfs, Linux {linux}, with
{sidecars}.

{table}
A spec that a suite does not have for this driver skips itself when it is run:

{skipped}
The rest is left out by the filter, `--focus=External.Storage --skip=PATTERN`:

{left_out}
The class that the specs use makes xfs where they name no file system: a mounted ext4 grows only where root may reserve
resources (CAP_SYS_RESOURCE), which the machine of these tests does not allow. Specs of ext3 and ext4 name these.

`make conformance CONFORMANCE="--focus=External.Storage.*subPath"` runs some of the specs, with these arguments of
ginkgo's, and leaves this page as it is. [tests/e2e/test_conformance.py](../tests/e2e/test_conformance.py) runs a dozen
of them with every `make e2e`.
"""


@dataclass(frozen=True, slots=True)
class Spec:
    """One spec; `reason` is why it failed or skipped itself, empty where the filter left it out."""

    suite: str
    name: str
    state: str
    reason: str

    @property
    def has_run(self) -> bool:
        return self.state not in ("skipped", "pending")


@dataclass(frozen=True, slots=True)
class Outcome:
    """All specs of External.Storage, those that were not chosen among them."""

    specs: Sequence[Spec]

    def ran(self) -> list[Spec]:
        return [spec for spec in self.specs if spec.has_run]

    def failed(self) -> list[Spec]:
        return [spec for spec in self.ran() if spec.state != "passed"]

    def skipped(self) -> list[Spec]:
        """Return those that skipped themselves."""
        return [spec for spec in self.specs if not spec.has_run and spec.reason]

    def summary(self) -> str:
        """Return the numbers, and what failed, each in a line."""
        failed = [f"FAILED {spec.name}: {spec.reason.splitlines()[0][:200]}" for spec in self.failed()]
        numbers = f"{len(self.ran())} ran, {len(failed)} of them failed; {len(self.skipped())} skipped themselves"
        return "\n".join([*failed, numbers])

    def page(self, left_out: Mapping[str, str]) -> str:
        """Return the page for the documentation; `left_out` are patterns of the filter with their reasons."""
        ran, passed, skipped = (
            Counter(spec.suite for spec in chosen)
            for chosen in (self.ran(), [spec for spec in self.ran() if spec.state == "passed"], self.skipped())
        )
        rows = [(suite, *(str(count[suite]) for count in (ran, passed, skipped))) for suite in sorted({*ran, *skipped})]
        whole = ("all", *(str(count.total()) for count in (ran, passed, skipped)))
        return _PAGE.format(
            **_versions(),
            table=aligned([("suite", "ran", "passed", "skipped"), *rows, whole]),
            skipped=_counted("reason", (_VARYING.sub("…", spec.reason) for spec in self.skipped())),
            left_out=aligned([("pattern", "why"), *((f"`{pattern}`", why) for pattern, why in left_out.items())]),
        )


def read(report: Path) -> Outcome:
    """Read what ginkgo has written with `--json-report`."""
    (suite,) = json.loads(report.read_text())
    return Outcome([_spec(one) for one in suite["SpecReports"] if _is_ours(one)])


def _is_ours(one: Mapping[str, object]) -> bool:
    texts = one["ContainerHierarchyTexts"]
    return isinstance(texts, list) and bool(texts) and texts[0].startswith("External Storage")


def _spec(one: Mapping[str, object]) -> Spec:
    texts = one["ContainerHierarchyTexts"]
    failure = one.get("Failure")
    assert isinstance(texts, list)
    reason = str(failure["Message"]).strip() if isinstance(failure, dict) else ""
    name = " ".join([*texts[1:], str(one["LeafNodeText"])])
    return Spec(_PATTERN.sub("", texts[1]).split(" [")[0], name, str(one["State"]), reason)


def _counted(head: str, texts: Iterable[str]) -> str:
    counts = sorted(Counter(texts).items(), key=lambda pair: (-pair[1], pair[0]))
    return aligned([(head, "specs"), *((text, str(number)) for text, number in counts)])


def _versions() -> dict[str, str]:
    named = yaml.safe_load((ROOT / "deploy" / "helm" / "cinderblock" / "values.yaml").read_text())["sidecars"]
    sidecars = [one["image"].rpartition("/")[2].replace(":", " ") for one in map(named.get, _SIDECARS)]
    kubernetes = Path(cluster_program("e2e.test")).parent.name.removeprefix("kubernetes-")
    linux = Path("/proc/sys/kernel/osrelease").read_text(encoding="ascii").split("-")[0]
    return {"kubernetes": kubernetes, "sidecars": ", ".join(sidecars), "linux": linux}
