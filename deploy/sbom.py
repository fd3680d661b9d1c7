"""Prints what an image is made of, as CycloneDX: the distribution's packages, and Python's of the driver's environment.

Run by the Python of that environment, in the image: `python sbom.py NAME`. The same image has the same bill.
"""

import json
import sys
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path

_STATUS = Path("/var/lib/dpkg/status")


def _of_debian() -> Iterator[dict[str, object]]:
    for paragraph in _STATUS.read_text(encoding="utf-8").split("\n\n"):
        fields = dict(line.split(": ", 1) for line in paragraph.splitlines() if ": " in line and line[0] != " ")
        if fields.get("Status", "").endswith(" installed"):
            name, version = fields["Package"], fields["Version"]
            url = f"pkg:deb/debian/{name}@{version}?arch={fields['Architecture']}"
            yield {"type": "library", "name": name, "version": version, "purl": url, "bom-ref": url}


def _of_python() -> Iterator[dict[str, object]]:
    for found in distributions():
        name = found.metadata["Name"]
        url = f"pkg:pypi/{name.lower().replace('_', '-')}@{found.version}"
        component: dict[str, object] = {"type": "library", "name": name, "version": found.version}
        component |= {"purl": url, "bom-ref": url}
        licence = found.metadata.get("License-Expression")
        if licence:
            component["licenses"] = [{"expression": licence}]
        yield component


def main() -> None:
    """Print the bill of the image that this runs in."""
    unique = {str(one["bom-ref"]): one for one in (*_of_debian(), *_of_python())}
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "container", "name": sys.argv[1]}},
        "components": [unique[key] for key in sorted(unique)],
    }
    print(json.dumps(bill, indent=1))


if __name__ == "__main__":
    main()
