"""Where the books are kept and where jobs are queued: three settings, from the environment or from a command's options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from accounts.errors import Usage

_DATABASE_SCHEMES = ("postgresql", "postgres")
_BROKER_SCHEMES = (*_DATABASE_SCHEMES, "amqp", "amqps", "redis", "rediss")


def _unset_if_blank(given: object) -> object:
    return None if isinstance(given, str) and not given.strip() else given


def _plain_postgresql(url: str | None) -> str | None:
    """psycopg's spelling of a database URL; SQLAlchemy's (`postgresql+psycopg://`) is understood too."""
    if url is None:
        return None
    scheme, separator, rest = url.strip().partition("://")
    if not separator or scheme.partition("+")[0] not in _DATABASE_SCHEMES:
        raise ValueError("the database URL must look like postgresql://user:password@host:5432/database")
    return f"postgresql://{rest}"


def _known_broker(url: str | None) -> str | None:
    if url is not None and url.strip().partition("://")[0] not in _BROKER_SCHEMES:
        raise ValueError("the broker URL must begin with postgresql://, amqp:// or redis://")
    return url.strip() if url else url


class Settings(BaseSettings):
    """Settings of one run of Cardwright, read from CARDWRIGHT_HOME, CARDWRIGHT_DATABASE_URL, CARDWRIGHT_BROKER_URL.

    home: absolute; embedded database, rejects, documents and seals live in it. database_url: None is the embedded server.
    broker_url: None is the database. statement_timeout: seconds that one SQL statement may take, 0 is no limit.
    """

    model_config = SettingsConfigDict(env_prefix="CARDWRIGHT_", extra="ignore", frozen=True, hide_input_in_errors=True)

    home: Annotated[Path, AfterValidator(lambda home: home.expanduser().absolute())] = Field(
        default=Path(".cardwright"), validate_default=True
    )
    database_url: Annotated[str | None, AfterValidator(_plain_postgresql), BeforeValidator(_unset_if_blank)] = None
    broker_url: Annotated[str | None, AfterValidator(_known_broker), BeforeValidator(_unset_if_blank)] = None
    statement_timeout: Annotated[int, Field(ge=0, le=86_400)] = 0


def read_settings(home: Path | None = None, database_url: str | None = None, broker_url: str | None = None) -> Settings:
    """The settings of this run: what was given, else the environment, else the default.

    Raises Usage naming the setting that makes no sense.
    """
    given: dict[str, object] = {"home": home, "database_url": database_url, "broker_url": broker_url}
    try:
        return Settings(**{name: each for name, each in given.items() if each is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        name = "_".join(str(part) for part in first["loc"])
        raise Usage(f"setting CARDWRIGHT_{name.upper()}: {first['msg'].removeprefix('Value error, ')}") from None
