"""A store from its URL, whatever keeps it; nothing is loaded but what that needs."""

from persistence.errors import StoreUnusable
from persistence.port import Store


def open_store(url: str) -> Store:
    """Open the store at the URL: "kubernetes://…" (`persistence.crd.open_store`), or a database's (`persistence.sql`).

    Raises:
        StoreUnusable: the URL names no store that this version works with, or the store is not
            ours, damaged, or newer than this code.
        StoreUnavailable: the store does not answer now.
    """
    if is_in_cluster(url):
        try:
            from persistence import crd  # noqa: PLC0415 -- see above
        except ModuleNotFoundError as error:
            package = (error.name or "").partition(".")[0]
            raise StoreUnusable(
                f"{url.partition('?')[0]} needs the Python package {package}; "
                "install it with `pip install 'cinderblock[kubernetes]'`"
            ) from error
        return crd.open_store(url)
    from persistence import sql  # noqa: PLC0415 -- see above

    return sql.open_store(url)


def password_of(url: str) -> str:
    """Return the password in a store's URL, in clear, for whoever hides it; "" without one."""
    if is_in_cluster(url):
        return ""
    from persistence import sql  # noqa: PLC0415 -- see above

    return sql.password_of(url)


def is_in_cluster(url: str) -> bool:
    """Tell whether the URL is of a store in a Kubernetes cluster."""
    return url.startswith("kubernetes:")
