"""openai-agents, driven by `outrider trial api`: driver.py says how."""

import asyncio
import json
from importlib.metadata import version

from agents import (
    Agent,
    ModelSettings,
    OpenAIChatCompletionsModel,
    OpenAIResponsesModel,
    Runner,
    function_tool,
    set_tracing_disabled,
)
from common import Lamp, Room, lamp
from openai import AsyncOpenAI

VERSION = version("openai-agents")
set_tracing_disabled(True)


async def run(kind: str, place: dict, fields: dict) -> str:
    client = AsyncOpenAI(base_url=place["baseUrl"], api_key=place["key"], max_retries=0)
    system, user = (message["content"] for message in fields["messages"])
    model_of = OpenAIResponsesModel if kind.startswith("responses") else OpenAIChatCompletionsModel
    called: list[dict] = []

    @function_tool
    def set_lamp(room: Room, on: bool) -> str:
        """Switches a lamp of the house."""
        called.append({"name": "set_lamp", "input": {"room": room, "on": on}})
        return "The lamp is on."

    has_tools = kind.endswith("tools")
    settings = ModelSettings(
        temperature=fields["temperature"],
        top_p=fields["top_p"],
        max_tokens=fields["max_tokens"],
        extra_body={"seed": fields["seed"]},
        tool_choice="required" if has_tools else None,
        parallel_tool_calls=False if has_tools else None,
    )
    agent = Agent(
        name="trial",
        instructions=system,
        model=model_of(model=place["model"], openai_client=client),
        model_settings=settings,
        tools=[set_lamp] if has_tools else [],
        # On the route for responses the client takes an answer that ends at its limit for a failure: a call ends by itself.
        tool_use_behavior="stop_on_first_tool" if kind == "responses, tools" else "run_llm_again",
        output_type=Lamp if kind.endswith("output_type") else None,
    )
    if kind.endswith("stream"):
        streamed = Runner.run_streamed(agent, user, max_turns=1)
        events = [event.data async for event in streamed.stream_events() if event.type == "raw_response_event"]
        text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
        assert text == streamed.final_output, "the parts are not the whole"
        return text
    result = await Runner.run(agent, user, max_turns=2)
    if has_tools:
        # The loop: a call, its result, and what the model says then.
        return json.dumps([called, None if kind == "responses, tools" else result.final_output])
    return lamp(result.final_output) if kind.endswith("output_type") else result.final_output


def said(kind: str, place: dict, fields: dict) -> str:
    return asyncio.run(run(kind, place, fields))
