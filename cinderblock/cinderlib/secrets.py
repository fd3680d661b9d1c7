"""How secrets stand in a JSON document that leaves the process: sealed, left out, or, when asked for, in clear."""

import json
from enum import StrEnum
from typing import TypeAlias

from cinderblock.errors import InvalidRequest
from persistence.records import Json
from persistence.seal import Sealer

_SEALED = "sealed"
_LEFT_OUT = "left_out"


class Secrets(StrEnum):
    """What becomes of secrets where no key seals them."""

    #: As cinderlib wrote them: whoever reads the document has them.
    CLEAR = "clear"
    #: The document tells only that there is one, and cannot be loaded again.
    LEFT_OUT = "left out"


#: A sealer seals them.
Cover: TypeAlias = Sealer | Secrets


def covered(secret: Json, cover: Cover, *, place: str) -> Json:
    """Return what stands in the document at `place` for a secret; nothing stands for nothing."""
    if not secret or cover is Secrets.CLEAR:
        return secret
    if isinstance(cover, Sealer):
        return {_SEALED: cover.seal_text(json.dumps(secret), purpose=place)}
    return {_LEFT_OUT: True}


def uncovered(value: Json, sealer: Sealer | None, *, place: str) -> Json:
    """Return the secret that stands in a document at `place`, sealed or in clear.

    Raises:
        InvalidRequest: it was left out, or it is sealed and there is no key.
        StoreUnusable: no key fits, or it was sealed for another place.
    """
    match value:
        case {"left_out": True}:
            raise InvalidRequest(f"the document was written without its secrets, so {place} cannot be loaded from it")
        case {"sealed": str() as text} if sealer is None:
            raise InvalidRequest(f"{place} is sealed, and {len(text)} characters do not open without the key")
        case {"sealed": str() as text} if sealer is not None:
            opened: Json = json.loads(sealer.open_text(text, purpose=place))
            return opened
        case _:
            return value
