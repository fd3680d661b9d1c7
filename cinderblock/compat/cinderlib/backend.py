"""Back ends, and the set-up of the process, as programs of cinderlib have them."""

import json
import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Self

from cinderblock.cinderlib import serialization
from cinderblock.cinderlib.documents import BackendDocument
from cinderblock.compat.cinderlib import finding, listing, setting_up
from cinderblock.compat.cinderlib.object import Object, cover
from cinderblock.compat.cinderlib.persistence.stored import Persistence
from cinderblock.compat.cinderlib.process import current, is_set_up
from cinderblock.compat.cinderlib.volume import Volume
from cinderblock.errors import ConfigurationError
from persistence.records import Json

_NAME = "volume_backend_name"


class Backend:
    """A back end that is open; there is one object for each name.

    Args:
        volume_backend_name: stored with every volume.
        driver_cfg: Cinder's options, with `volume_driver` among them.

    Raises:
        ValueError: one of this name is open with another configuration.
    """

    backends: ClassVar[dict[str, "Backend"]] = {}
    #: Set to False by a program that wants to call `setup` again.
    global_initialization: ClassVar[bool] = False
    persistence: ClassVar[Persistence]
    fail_on_missing_backend: ClassVar[bool] = True
    output_all_backend_info: ClassVar[bool] = False
    non_uuid_ids: ClassVar[bool] = False
    project_id: ClassVar[str | None] = None
    user_id: ClassVar[str | None] = None

    #: Held while one is opened: whoever asks for it meanwhile gets the same, or its failure.
    _opening: ClassVar[threading.RLock] = threading.RLock()

    id: str
    _given: Mapping[str, Any]
    _stats: Mapping[str, Json]

    def __new__(cls, volume_backend_name: str, **driver_cfg: Any) -> Self:
        with cls._opening:
            if not cls.global_initialization:
                cls.global_setup()
            found = cls.backends.get(volume_backend_name)
            if found is None:
                return cls._new(volume_backend_name, driver_cfg)
            if driver_cfg != found._given:  # noqa: SLF001 - its own class
                raise ValueError(f"back end {volume_backend_name!r} is open with another configuration")
            return found  # type: ignore[return-value]  # programs do not subclass it

    @classmethod
    def _new(cls, name: str, driver_cfg: Mapping[str, Any]) -> Self:
        made = super().__new__(cls)
        made.id, made._given = name, dict(driver_cfg)
        # Before it is open: a plugin is asked for its volumes meanwhile.
        cls.backends[name] = made
        try:
            made.open()
        except BaseException:
            del cls.backends[name]
            raise
        return made

    def __repr__(self) -> str:
        return f"<Backend {self.id}>"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name == "id":
            raise AttributeError(f"Backend has no {name}")
        return getattr(current().driver(self.id), name)

    def open(self) -> None:
        """Start the driver, if it is not."""
        options = {name: value for name, value in self._given.items() if name != _NAME}
        self._opened = current().open_backend(self.id, options)
        self._stats = self._asked()

    @property
    def driver(self) -> Any:
        """The vendor's object; what is done with it directly is not remembered."""
        return current().driver(self.id)

    @property
    def pool_names(self) -> tuple[str, ...]:
        """The names of its pools."""
        return tuple(str(pool["pool_name"]) for pool in self._stats["pools"])  # type: ignore[index,union-attr,call-overload]  # as `_asked` makes them

    @property
    def config(self) -> dict[str, Json]:
        """What is written of it in JSON: the name, or everything where that was asked for at the set-up."""
        return {**(self._given if self.output_all_backend_info else {}), _NAME: self.id}

    @property
    def volumes(self) -> list[Volume]:
        """Its volumes, looked up now."""
        return self.volumes_filtered()

    def volumes_filtered(self, volume_id: str | None = None, volume_name: str | None = None) -> list[Volume]:
        """Return its volumes that have these."""
        found = finding.volumes(current().session, volume_id=volume_id or "", name=volume_name or "", backend=self.id)
        return [Volume.of(one) for one in found]

    def stats(self, refresh: bool = False) -> Mapping[str, Json]:
        """Return what the back end says of itself; asked for anew when it is to be."""
        if refresh:
            self._stats = self._asked()
        return self._stats

    def create_volume(
        self, size: int, name: str = "", description: str = "", bootable: bool = False, **fields: Any
    ) -> Volume:
        """Return a new, empty volume of `size` GiB."""
        made = Volume(self, size=size, name=name, description=description, bootable=bootable, **fields)
        made.create()
        return made

    def validate_connector(self, connector_dict: Mapping[str, Json]) -> None:
        """Check that a host has what the back end's protocol needs."""
        self._opened.validate_connector(connector_dict)

    def refresh(self) -> None:
        """Do nothing: volumes are looked up when they are asked for."""

    @property
    def json(self) -> dict[str, Json]:
        """The back end with its volumes, as what JSON has; secrets are sealed."""
        volumes = tuple(replace(volume.document(simplified=False), backend={_NAME: self.id}) for volume in self.volumes)
        return serialization.write(BackendDocument(backend=self.config, volumes=volumes), cover=cover())

    @property
    def jsons(self) -> str:
        """The same, as text."""
        return json.dumps(self.json)

    @property
    def dump(self) -> dict[str, Json]:
        """The same as `json`."""
        return self.json

    @property
    def dumps(self) -> str:
        """The same, as text."""
        return self.jsons

    @classmethod
    def load(cls, json_src: Json, save: bool = False) -> "Backend":
        """Return the back end of what `json` gave; its volumes are stored when they are to be."""
        from cinderblock.compat.cinderlib.serialization import load  # noqa: PLC0415 - it loads other objects, too

        found: Backend = load(json_src, save)
        return found

    @classmethod
    def load_backend(cls, backend_data: Mapping[str, Any]) -> "Backend | str":
        """Return the back end of this configuration; its name where only that is told, and none is open.

        Raises:
            ConfigurationError: it is not open, and that is not allowed.
        """
        name = str(backend_data[_NAME])
        if name in cls.backends:
            return cls.backends[name]
        if len(backend_data) > 1:
            return cls(**backend_data)
        return cls.named(name)

    @classmethod
    def named(cls, name: str) -> "Backend | str":
        """Return the back end of this name; the name where none is open."""
        return cls.backends.get(name, name)

    @classmethod
    def given(cls, backend: "Backend | str") -> "Backend":
        """Return the back end that a program gives, by itself or by its name.

        Raises:
            ConfigurationError: it is not open.
        """
        found = cls.named(backend) if isinstance(backend, str) else backend
        if not isinstance(found, Backend):
            raise ConfigurationError(f"back end {found!r} is not open; open it with its options first")
        return found

    @classmethod
    def global_setup(cls, *arguments: Any, **options: Any) -> None:
        """Set the process up; see `setting_up.Options`.

        Raises:
            Exception: that was done already.
        """
        if cls.global_initialization:
            raise Exception("Already setup")  # noqa: TRY002 - what programs of cinderlib expect
        setting_up.set_up(cls, setting_up.options(*arguments, **options))

    @classmethod
    def set_persistence(cls, persistence_config: Mapping[str, Any] | None) -> None:
        """Use another persistence from now on; what is open stays open.

        Raises:
            Exception: nothing is set up.
        """
        if not is_set_up():
            raise Exception("set_persistence can only be called after cinderlib has been configured")  # noqa: TRY002 - what programs of cinderlib expect
        setting_up.change_persistence(cls, persistence_config)

    @staticmethod
    def list_supported_drivers(output_version: int = 1) -> dict[str, dict[str, Any]]:
        """Describe all of Cinder's drivers, by the names of their classes.

        Args:
            output_version: 1 for options as texts, 2 for values of their own types.
        """
        return listing.supported_drivers(output_version)

    def _asked(self) -> dict[str, Json]:
        stats = dict(self._opened.stats())
        if not stats.get("pools"):
            pool = {name: value for name, value in stats.items() if name not in listing.NOT_OF_POOLS}
            stats["pools"] = [{**pool, "pool_name": self.id}]
        return stats


Object.backend_class = Backend
