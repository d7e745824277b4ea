"""pydantic-ai, driven by `outrider trial api`: driver.py says how."""

import asyncio
import json
from importlib.metadata import version

from common import Lamp, Room, lamp
from openai import AsyncOpenAI
from pydantic_ai import Agent, NativeOutput, ToolOutput
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.openai import OpenAIProvider

VERSION = version("pydantic-ai-slim")


async def run(kind: str, place: dict, fields: dict) -> str:
    client = AsyncOpenAI(base_url=place["baseUrl"], api_key=place["key"], max_retries=0)
    model_of = OpenAIResponsesModel if kind.startswith("responses") else OpenAIChatModel
    model = model_of(place["model"], provider=OpenAIProvider(openai_client=client))
    system, user = (message["content"] for message in fields["messages"])
    settings = {name: fields[name] for name in ("temperature", "top_p", "max_tokens")}
    settings["extra_body"] = {"seed": fields["seed"]}
    outputs = {"tool output": ToolOutput(Lamp), "native output": NativeOutput(Lamp)}
    output = outputs.get(kind.split(", ")[-1], str)
    agent = Agent(model, instructions=system, output_type=output, model_settings=settings, retries=0)
    called: list[dict] = []

    if kind.endswith("tool loop"):

        @agent.tool_plain
        def set_lamp(room: Room, on: bool) -> str:
            """Switches a lamp of the house."""
            called.append({"name": "set_lamp", "input": {"room": room, "on": on}})
            return "The lamp is on."

    if kind.endswith("stream"):
        async with agent.run_stream(user) as streamed:
            return "".join([part async for part in streamed.stream_text(delta=True)])
    result = await agent.run(user)
    if kind.endswith("tool loop"):
        return json.dumps([called, result.output])
    return result.output if output is str else lamp(result.output)


def said(kind: str, place: dict, fields: dict) -> str:
    return asyncio.run(run(kind, place, fields))
