"""litellm, driven by `outrider trial api`: driver.py says how."""

import os

# Otherwise it asks the network for prices.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

from importlib.metadata import version  # noqa: E402

import litellm  # noqa: E402
from common import Lamp, called, lamp, root  # noqa: E402

VERSION = version("litellm")
litellm.telemetry = False


def said(kind: str, place: dict, fields: dict) -> str:
    fields = {**fields, "api_base": place["baseUrl"], "api_key": place["key"], "num_retries": 0}
    model = fields.pop("model")
    if kind in ("openai/ chat", "hosted_vllm/ chat"):
        answer = litellm.completion(model=kind.replace(" chat", model), **fields)
        assert answer.usage.completion_tokens > 0, "no usage"
        return answer.choices[0].message.content or ""
    if kind == "openai/ chat, stream":
        chunks = litellm.completion(model=f"openai/{model}", **fields, stream=True)
        return "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    if kind == "openai/ tools":
        return called(litellm.completion(model=f"openai/{model}", **fields))
    if kind == "openai/ response_format, pydantic":
        answer = litellm.completion(model=f"openai/{model}", **fields, response_format=Lamp)
        return lamp(Lamp.model_validate_json(answer.choices[0].message.content))
    if kind == "text_completion":
        return litellm.text_completion(model=f"text-completion-openai/{model}", **fields).choices[0].text
    if kind == "responses":
        answer = litellm.responses(model=f"openai/{model}", **fields)
        return answer.output[0].content[0].text
    if kind == "responses, stream":
        events = litellm.responses(model=f"openai/{model}", **fields, stream=True)
        return "".join(event.delta for event in events if event.type == "response.output_text.delta")
    if kind == "anthropic/ chat":
        answer = litellm.completion(model=f"anthropic/{model}", **{**fields, "api_base": root(place)})
        return answer.choices[0].message.content
    raise ValueError(f"there is no call {kind}")
