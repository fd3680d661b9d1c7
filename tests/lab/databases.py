"""PostgreSQL and MariaDB for tests."""

import re
import signal
from pathlib import Path
from typing import Any

import psycopg
import pymysql

from tests.lab.servers import Server, program


class PostgreSQL(Server):
    kind = "postgresql"
    user = "postgres"
    #: Without waiting for its clients.
    ending = signal.SIGINT
    sessions = "SELECT pid FROM pg_stat_activity WHERE usename = 'store'"
    read_only = (
        "ALTER ROLE store SET default_transaction_read_only = on",
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'store'",
    )
    # The sessions that there are stay read-only.
    writable = ("ALTER ROLE store RESET default_transaction_read_only",)

    @property
    def socket(self) -> Path:
        return self.folder / ".s.PGSQL.5432"

    def make(self) -> None:
        self._output(
            *(program("initdb"), "-D", str(self.data), "-U", "postgres", "-A", "trust"),
            # An order of text that is not that of its bytes.
            *("--no-sync", "-E", "UTF8", "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US"),
        )
        rules = self.data / "pg_hba.conf"
        rules.write_text(f"local all guarded scram-sha-256\n{rules.read_text()}")

    def command(self) -> list[str]:
        places = ["-D", str(self.data), "-k", str(self.folder), "-c", "listen_addresses="]
        return [program("postgres"), *places, "-c", "fsync=off", "-c", "max_connections=200"]

    def asking(self) -> list[str]:
        return [program("pg_isready"), "-h", str(self.folder)]

    def url(self, database: str) -> str:
        return f"postgresql://store@/{database}?host={self.folder}"

    def creating(self, database: str) -> list[str]:
        role = "DO $$ BEGIN CREATE ROLE store LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$"
        return [role, f"CREATE DATABASE {database} OWNER store STRATEGY file_copy"]

    def dropping(self, database: str) -> str:
        return f"DROP DATABASE {database} WITH (FORCE)"

    def connect(self, database: str) -> Any:
        place = f"host={self.folder} user=postgres dbname={database or 'postgres'}"
        return psycopg.connect(place, autocommit=True, connect_timeout=5)

    def dump(self, database: str) -> str:
        dumped = self._output(program("pg_dump"), "-h", str(self.folder), "-U", "postgres", database)
        # Another word in each dump, which says that it is one.
        return re.sub(r"(?m)^\\(un)?restrict .*$", "", dumped)


class MariaDB(Server):
    kind = "mariadb"
    user = "mysql"
    sessions = "SELECT id FROM information_schema.processlist WHERE user = 'store'"
    read_only = ("SET GLOBAL read_only = 1",)
    writable = ("SET GLOBAL read_only = 0",)

    @property
    def socket(self) -> Path:
        return self.folder / "s"

    def make(self) -> None:
        self._output(
            *(program("mariadb-install-db"), "--no-defaults", f"--datadir={self.data}", "--skip-test-db"),
            "--auth-root-authentication-method=normal",
        )

    def command(self) -> list[str]:
        places = [f"--datadir={self.data}", f"--socket={self.socket}", "--skip-networking"]
        small = ["--innodb-flush-method=nosync", "--innodb-log-file-size=16M", "--max-connections=200"]
        return [program("mariadbd"), "--no-defaults", *places, *small]

    def asking(self) -> list[str]:
        return [program("mariadb-admin"), "--no-defaults", "-S", str(self.socket), "ping"]

    def url(self, database: str) -> str:
        return f"mariadb://store:hunter22@/{database}?unix_socket={self.socket}"

    def creating(self, database: str) -> list[str]:
        user = "CREATE USER IF NOT EXISTS store@localhost IDENTIFIED BY 'hunter22'"
        return [user, f"CREATE DATABASE {database}", f"GRANT ALL ON {database}.* TO store@localhost"]

    def dropping(self, database: str) -> str:
        return f"DROP DATABASE {database}"

    def connect(self, database: str) -> Any:
        place: dict[str, Any] = {"unix_socket": str(self.socket), "ssl_disabled": True, "database": database or None}
        return pymysql.connect(**place, user="root", autocommit=True, read_timeout=5)

    def dump(self, database: str) -> str:
        return self._output(
            program("mariadb-dump"), "--no-defaults", "--skip-dump-date", "-S", str(self.socket), "-uroot", database
        )
