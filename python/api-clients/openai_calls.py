"""OpenAI's client for Python, driven by `outrider trial api`: driver.py says how."""

import openai
from common import Lamp, called, lamp

VERSION = openai.__version__


def said(kind: str, place: dict, fields: dict) -> str:
    """The text that the client got. Raises what the client raises."""
    client = openai.OpenAI(base_url=place["baseUrl"], api_key=place["key"], max_retries=0)
    if kind == "models":
        listed = [model.id for model in client.models.list()]
        return client.models.retrieve(listed[0]).id
    if kind == "chat":
        answer = client.chat.completions.create(**fields)
        assert answer.usage is not None and answer.usage.completion_tokens > 0, "no usage"
        return answer.choices[0].message.content or ""
    if kind == "chat, stream":
        chunks = list(client.chat.completions.create(**fields, stream=True, stream_options={"include_usage": True}))
        assert chunks[-1].usage is not None, "the last chunk has no usage"
        return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    if kind == "chat, stream helper":
        with client.chat.completions.stream(**fields) as stream:
            stream.until_done()
            return stream.get_final_completion().choices[0].message.content or ""
    if kind == "completions":
        return client.completions.create(**fields).choices[0].text
    if kind == "completions, stream":
        return "".join(chunk.choices[0].text for chunk in client.completions.create(**fields, stream=True))
    if kind == "responses":
        return client.responses.create(**fields).output_text
    if kind == "responses, stream":
        # The helper of this client takes no answer that ends at its limit, which all of the trial do.
        events = client.responses.create(**fields, stream=True)
        return "".join(event.delta for event in events if event.type == "response.output_text.delta")
    if kind == "chat parse, pydantic":
        return lamp(client.chat.completions.parse(**fields, response_format=Lamp).choices[0].message.parsed)
    if kind == "chat stream helper, pydantic":
        with client.chat.completions.stream(**fields, response_format=Lamp) as stream:
            return lamp(stream.get_final_completion().choices[0].message.parsed)
    if kind == "chat, tools":
        return called(client.chat.completions.create(**fields))
    if kind == "chat, tools, stream helper":
        with client.chat.completions.stream(**fields) as stream:
            return called(stream.get_final_completion())
    if kind == "responses parse, pydantic":
        return lamp(client.responses.parse(**fields, text_format=Lamp).output_parsed)
    raise ValueError(f"there is no call {kind}")
