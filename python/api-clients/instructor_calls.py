"""instructor, driven by `outrider trial api`: driver.py says how."""

from importlib.metadata import version

import instructor
from common import Lamp, lamp
from openai import OpenAI

VERSION = version("instructor")


def said(kind: str, place: dict, fields: dict) -> str:
    client = instructor.from_openai(
        OpenAI(base_url=place["baseUrl"], api_key=place["key"], max_retries=0), mode=instructor.Mode[kind.split(",")[0]]
    )
    if kind.endswith("partial"):
        parts = list(client.chat.completions.create_partial(response_model=Lamp, max_retries=0, **fields))
        return lamp(Lamp.model_validate(parts[-1].model_dump()))
    return lamp(client.chat.completions.create(response_model=Lamp, max_retries=0, **fields))
