"""A back end as programs have it: one storage system, through one of Cinder's drivers."""

from collections.abc import Mapping, Sequence
from functools import partial

from cinderblock.driver import Manageable, Pool, Reference
from cinderblock.outcome import classified
from cinderblock.storage import checks
from cinderblock.storage.creation import Wishes, create, manage
from cinderblock.storage.session import Session, listed, matching
from cinderblock.storage.volume import Volume
from persistence.records import Json


class Backend:
    """A back end that is open; there is one object for each."""

    def __init__(self, session: Session, name: str) -> None:
        self._session = session
        self.name = name

    def __repr__(self) -> str:
        return f"<Backend {self.name!r}>"

    def create_volume(  # noqa: PLR0913 - what a volume can be, by name
        self,
        size_gib: int,
        *,
        id: str | None = None,
        name: str = "",
        description: str = "",
        pool: str = "",
        metadata: Mapping[str, str] | None = None,
        extra_specs: Mapping[str, str] | None = None,
        qos_specs: Mapping[str, str] | None = None,
        multiattach: bool = False,
    ) -> Volume:
        """Return a new, empty volume.

        Args:
            size_gib: a whole number, 1 or more.
            id: makes the call repeatable: a volume that has it, and is what is asked for, is returned; what was cut off
                is begun anew. None makes one up, and takes back what was begun when the call fails.
            name: several volumes may have the same; the id when "".
            description: any text.
            pool: a pool of the back end, the one with most room when "".
            metadata: Cinder's.
            extra_specs: Cinder's, what a volume type would have.
            qos_specs: Cinder's; "consumer" among them says who keeps to them, "back-end" without it.
            multiattach: several hosts may be connected at once.

        Raises:
            InvalidRequest: an argument can never be right, or there is no such pool.
            OutOfSpace: no pool has room.
            AlreadyExists: the id is taken by a volume that differs.
            BackendUnavailable: the back end does not answer, or failed in an unknown way.
        """
        wishes = Wishes(
            id=id,
            name=name,
            description=description,
            pool=pool,
            metadata=metadata,
            extra_specs=extra_specs,
            qos_specs=qos_specs,
            multiattach=multiattach,
        )
        return Volume(self._session, create(self._session, self.name, size_gib, wishes))

    def manage(  # noqa: PLR0913 - what a volume can be, by name
        self,
        reference: Reference,
        *,
        id: str | None = None,
        name: str = "",
        description: str = "",
        pool: str = "",
        metadata: Mapping[str, str] | None = None,
        extra_specs: Mapping[str, str] | None = None,
        qos_specs: Mapping[str, str] | None = None,
        multiattach: bool = False,
    ) -> Volume:
        """Take over a volume that the back end has already, with its content; nobody else may be using it.

        Most back ends give it another name. Its size is what the back end says, in whole GiB, rounded up.

        Args:
            reference: where the driver finds it: {"source-name": …} or {"source-id": …}.
            id: makes the call repeatable: what was cut off goes on. A failure tells the one that was made up for None.
            name: as for `create_volume`, and all that follows; what it has already of specs is not known.
            pool: the one that it is in; needed where there are several.

        Raises:
            AlreadyExists: the id is taken by another volume, or the volume is in the store already.
            InvalidRequest: the back end has no such volume, its driver cannot take it over, or the pool is not said.
            NotFound: an earlier call was cut off, and what it was to take over has gone since.
            BackendUnavailable: the back end does not answer, or failed in an unknown way.
        """
        wishes = Wishes(
            id=id,
            name=name,
            description=description,
            pool=pool,
            metadata=metadata,
            extra_specs=extra_specs,
            qos_specs=qos_specs,
            multiattach=multiattach,
        )
        return Volume(self._session, manage(self._session, self.name, reference, wishes))

    def manageable(self) -> Sequence[Manageable]:
        """Ask the back end for the volumes that it has, and what is in the way of taking each over; may be slow.

        Raises:
            InvalidRequest: its driver cannot tell.
            BackendUnavailable: it did not answer.
        """
        return self._session.ask(partial(self._session.library.volumes.manageable, self.name))

    def volumes(self, *, name: str = "") -> list[Volume]:
        """Return the volumes of this back end, those of one name when it is given."""
        found = matching(self._session.store.volumes, backend=self.name, name=name)
        return [Volume(self._session, one) for one in found if listed(one)]

    def pools(self) -> Sequence[Pool]:
        """Ask the back end for its pools, at least one; what it said a few seconds ago may be the answer.

        Raises:
            BackendUnavailable: it did not answer.
        """
        return self._session.ask(self._session.library.backends.get(self.name).pools)

    def stats(self) -> Mapping[str, Json]:
        """Ask the back end for all that it says of itself, in Cinder's words.

        Raises:
            BackendUnavailable: it did not answer.
        """
        return self._session.ask(self._stats)

    def validate_connector(self, connector: Mapping[str, Json]) -> None:
        """Check that a host has what the back end's protocol needs.

        Raises:
            InvalidRequest: which property is missing.
        """
        _, properties = checks.connector(connector)
        self._session.ask(partial(self._validate, properties))

    def recover(self) -> None:
        """Mend what was cut off: finish deletions and extensions, undo creations that nobody will ask for again.

        What is connected is exported again. To be called at the start of a program that runs for long; the first one
        after the machine was started does it by itself. What cannot be mended now is tried again while the storage is
        open, and is no error.
        """
        self._session.check_open()
        self._session.library.recovery.run(self.name)

    def _stats(self) -> Mapping[str, Json]:
        what = f"asking back end {self.name!r} for its statistics"
        with self._session.library.backends.get(self.name).slot() as driver, classified(what):
            return driver.stats()

    def _validate(self, connector: Mapping[str, Json]) -> None:
        what = f"checking the connector of host {connector['host']!r}"
        with self._session.library.backends.get(self.name).slot() as driver, classified(what):
            driver.validate_connector(connector)
