"""The definitions of the kinds, made from the records: `python -m persistence.crd.manifests FOLDER` writes them."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # has no types of its own

from persistence.codec import FORMAT
from persistence.objects.fields import Schema, camel, forms_of, schema_of
from persistence.objects.kinds import FORMAT_ANNOTATION, GROUP, OBJECTS, VERSION, Kind
from persistence.records import Record

_HEAD = "# Made from the records by `make crds`, never edited.\n"
_WORDS = "A record of Cinderblock's own; change it with `cinderblock`, never by hand."


def definition(record_type: type[Record]) -> Mapping[str, Any]:
    """Return the CustomResourceDefinition of a kind."""
    kind = OBJECTS[record_type]
    forms = forms_of(record_type)
    columns = [
        {"name": title, "type": forms[field].schema["type"], "jsonPath": f".spec.{camel(field)}"}
        for title, field in kind.columns.items()
    ]
    age = {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}
    # A format that is newer than the definition is refused with the rest that it does not know.
    more: Mapping[str, Schema] = {
        "format": {"type": "integer", "minimum": 1, "maximum": FORMAT},
        "revision": {"type": "string"},
    }
    schema = {
        "type": "object",
        "description": _WORDS,
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
            "spec": schema_of(record_type, more=more),
        },
    }
    version = {
        "name": VERSION,
        "served": True,
        "storage": True,
        "additionalPrinterColumns": [*columns, age],
        "schema": {"openAPIV3Schema": schema},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": kind.definition, "annotations": {FORMAT_ANNOTATION: str(FORMAT)}},
        "spec": {"group": GROUP, "scope": "Namespaced", "names": _names(kind), "versions": [version]},
    }


def _names(kind: Kind) -> Mapping[str, Any]:
    return {
        "kind": kind.name,
        "listKind": f"{kind.name}List",
        "plural": kind.plural,
        "singular": kind.singular,
        "shortNames": [kind.short],
        "categories": ["cinderblock"],
    }


def written_to(folder: Path) -> None:
    """Write the definitions into the folder, a file for each."""
    folder.mkdir(parents=True, exist_ok=True)
    for record_type, kind in OBJECTS.items():
        text = yaml.safe_dump(_copied(definition(record_type)), sort_keys=False, width=120)
        (folder / f"{kind.plural}.yaml").write_text(_HEAD + text, encoding="utf-8")


def _copied(value: object) -> object:
    """Return the value with nothing in it twice, which would be written as references."""
    return json.loads(json.dumps(value))


if __name__ == "__main__":
    written_to(Path(sys.argv[1]))
