"""Streams through litellm's Router, for `outrider trial cut`: two deployments, of which the second is the fallback of the first.

Reads lines of JSON: {"id", "bases", "key", "model", "fields", "continues"}. Prints lines of JSON, each with the id of its line: {"delta"} for
each part of the text as it comes, and {"end"} with the reason, or {"error"} with what the client raises. Ends with its input.
"""

import asyncio
import json
import os
import sys

# Otherwise it asks the network for prices.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
out, sys.stdout = sys.stdout, sys.stderr

import litellm  # noqa: E402

litellm.telemetry = False


def say(**line: object) -> None:
    print(json.dumps(line), file=out, flush=True)


def deployment(name: str, base: str, asked: dict) -> dict:
    return {
        "model_name": name,
        "litellm_params": {"model": f"openai/{asked['model']}", "api_base": base, "api_key": asked["key"]},
        "model_info": {"supports_assistant_prefill": True},
    }


async def stream(asked: dict) -> None:
    name = asked["id"]
    router = litellm.Router(
        model_list=[deployment(name, base, asked) for name, base in zip(("first", "second"), asked["bases"])],
        fallbacks=[{"first": ["second"]}],
        num_retries=0,
        enable_mid_stream_fallback_continuation=asked["continues"],
    )
    end = "none"
    try:
        async for chunk in await router.acompletion(model="first", stream=True, **asked["fields"]):
            for choice in chunk.choices:
                if choice.delta.content:
                    say(id=name, delta=choice.delta.content)
                end = choice.finish_reason or end
        say(id=name, end=end)
    except Exception as error:  # noqa: BLE001  (whatever it is, the trial reports it)
        say(id=name, error=f"{type(error).__name__}: {error}")


async def main() -> None:
    streams = set()
    while line := await asyncio.to_thread(sys.stdin.readline):
        streams.add(asyncio.create_task(stream(json.loads(line))))
    await asyncio.gather(*streams)


asyncio.run(main())
