"""Settings of the web processes, handed down from `cardwright web` by the environment."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class WebSettings(BaseSettings):
    """CARDWRIGHT_WEB_…: processes: how many serve together; requests_a_minute: of one partner;
    failures_a_minute: wrong keys and passwords from one address."""

    model_config = SettingsConfigDict(env_prefix="CARDWRIGHT_WEB_", extra="ignore", frozen=True)

    processes: Annotated[int, Field(ge=1, le=64)] = 1
    requests_a_minute: Annotated[int, Field(ge=1)] = 6_000
    failures_a_minute: Annotated[int, Field(ge=1)] = 30
