"""What the clients of `outrider trial api` share: the schema of the trial, and how an answer with a form is told."""

import json
from typing import Annotated, Literal

from pydantic import BaseModel, Field

Room = Literal["kitchen", "hall", "attic"]


class Lamp(BaseModel):
    """The schema of the trial: laboratory/trials/api/light.ts."""

    room: Room
    on: bool
    colours: Annotated[list[Literal["red", "green", "blue"]], Field(min_length=1, max_length=3)]


def lamp(parsed: Lamp | None) -> str:
    assert parsed is not None, "nothing was parsed"
    return parsed.model_dump_json()


def called(answer) -> str:
    """The calls of a chat completion, as JSON."""
    assert answer.choices[0].finish_reason == "tool_calls", answer.choices[0].finish_reason
    calls = answer.choices[0].message.tool_calls or []
    return json.dumps([{"name": call.function.name, "input": call.function.arguments} for call in calls])


def root(place: dict) -> str:
    """The base URL of clients that add "/v1" themselves."""
    return place["baseUrl"].removesuffix("/v1")
