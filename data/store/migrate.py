"""Brings the schema to the newest version; the only caller of Alembic."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from data.domain.errors import StoreNewer

_LOCK = 0x51_44_4D


def _config(connection: sa.Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


def newest() -> str:
    """The revision this version of the product works with."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return str(ScriptDirectory.from_config(config).get_current_head())


def current(engine: sa.Engine) -> str | None:
    """The revision the database is at; None if it is empty."""
    with engine.connect() as connection:
        return revision(connection)


def revision(connection: sa.Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def upgrade(engine: sa.Engine) -> None:
    """Migrate to the newest schema; does nothing if it is there. Raises StoreNewer rather than touch a newer one."""
    with engine.connect() as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        config = _config(connection)
        script = ScriptDirectory.from_config(config)
        here = MigrationContext.configure(connection).get_current_revision()
        if here == script.get_current_head():
            return
        if here is not None and here not in {revision.revision for revision in script.walk_revisions()}:
            raise StoreNewer(revision=here)
        command.upgrade(config, "head")
