"""What a program gives, looked at before anything is done with it."""

from collections.abc import Mapping

from cinderblock.errors import InvalidRequest, OutOfRange
from persistence.keys import key_problem
from persistence.records import Json


def size_gib(value: object) -> int:
    """Return a size.

    Raises:
        InvalidRequest: it is no whole number.
        OutOfRange: it is less than 1.
    """
    if not isinstance(value, int) or isinstance(value, bool):
        msg = f"a size is a whole number of GiB, not {value!r}"
        raise InvalidRequest(msg)
    if value < 1:
        msg = f"a size is 1 GiB or more, not {value}"
        raise OutOfRange(msg)
    return value


def identifier(value: object) -> str:
    """Return an id that the caller has chosen.

    Raises:
        InvalidRequest: it cannot be one; why.
    """
    problem = key_problem(value) if isinstance(value, str) else "is no text"
    if problem:
        msg = f"the id {value!r} {problem}"
        raise InvalidRequest(msg)
    return str(value)


def text(what: str, value: object) -> str:
    """Return a name or a description.

    Raises:
        InvalidRequest: it cannot be stored; why.
    """
    problem = key_problem(value, empty=True) if isinstance(value, str) else "is no text"
    if problem:
        msg = f"the {what} {value!r} {problem}"
        raise InvalidRequest(msg)
    return str(value)


def texts(what: str, value: object) -> Mapping[str, str]:
    """Return metadata or specs: texts by their names; None is none.

    Raises:
        InvalidRequest: something in it is no text.
    """
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        msg = f"{what} are a mapping of texts to texts, not {type(value).__name__}"
        raise InvalidRequest(msg)
    for name, item in value.items():
        if not isinstance(name, str) or not name or not isinstance(item, str):
            msg = f"{what} are a mapping of texts to texts, which {name!r}: {item!r} is not"
            raise InvalidRequest(msg)
    return dict(value)


def reference(value: object) -> Mapping[str, str]:
    """Return where a driver finds what its back end has already.

    Raises:
        InvalidRequest: it says nothing, or is no mapping of texts.
    """
    found = texts("a reference's parts", value)
    if not found:
        msg = (
            "a reference says where the driver finds it: {'source-name': …} or {'source-id': …}, as the driver wants it"
        )
        raise InvalidRequest(msg)
    return found


def connector(value: object) -> tuple[str, Mapping[str, Json]]:
    """Return the host's name in a connector, and the connector.

    Raises:
        InvalidRequest: it does not say whose it is.
    """
    host = value.get("host") if isinstance(value, Mapping) else None
    if not isinstance(value, Mapping) or not isinstance(host, str) or not host:
        msg = (
            "a connector is a mapping with the host's name under 'host'; `connector_properties()` gives this machine's"
        )
        raise InvalidRequest(msg)
    return identifier(host), dict(value)
