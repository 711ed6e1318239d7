"""The same calls with the official Python SDKs, told as JSON: everything that a client can see.

Usage: calls.py same|cross ORIGIN KEY
`same`: each SDK asks models of its own dialect. `cross`: each asks models of the other one, which only Paceway can do.
"""

import asyncio
import json
import sys

import anthropic
import openai

MODE, ORIGIN, KEY = sys.argv[1:]
CLAUDE, GPT = "claude-sonnet-5-5", "gpt-5-mini"
SYSTEM = "You answer in plain sentences."
TURNS = [
    {"role": "user", "content": "What is a token bucket?"},
    {"role": "assistant", "content": "A bucket that refills."},
    {"role": "user", "content": "And naïvely, with 日本語 and 🌊?"},
]
told = []


def tell(name, seen, headers=None):
    told.append({"call": name, "seen": seen, "headers": {k.lower(): v for k, v in (headers or {}).items()}})


def failure(error):
    return {
        "class": type(error).__name__,
        "status": error.status_code,
        "body": error.body,
        "request_id": error.request_id,
    }


def anthropic_calls(model, same):
    client = anthropic.Anthropic(api_key=KEY, base_url=ORIGIN, max_retries=0)
    ask = {"model": model, "max_tokens": 300, "system": SYSTEM, "messages": TURNS}

    raw = client.messages.with_raw_response.create(**ask)
    tell("anthropic-py create", raw.parse().model_dump(), raw.headers)
    raw = client.messages.with_raw_response.create(**ask, stop_sequences=["e"])
    tell("anthropic-py stop sequence", raw.parse().model_dump(), raw.headers)
    raw = client.messages.with_raw_response.create(**ask, stream=True)
    tell("anthropic-py stream", [event.model_dump() for event in raw.parse()], raw.headers)
    with client.messages.stream(**ask) as stream:
        text = "".join(stream.text_stream)
        final = stream.get_final_message()
    assert text and text == final.content[0].text, (text, final)
    tell("anthropic-py stream helper", final.model_dump())
    if not same:
        return
    counted = client.messages.count_tokens(model=model, system=SYSTEM, messages=TURNS)
    tell("anthropic-py count_tokens", counted.model_dump())
    raw = client.beta.messages.with_raw_response.create(**ask, betas=["unheard-of-2031-01-01"])
    tell("anthropic-py beta", raw.parse().model_dump(), raw.headers)
    block = {"type": "text", "text": SYSTEM * 300, "cache_control": {"type": "ephemeral"}}
    for name in ("write", "read"):
        message = client.messages.create(**{**ask, "system": [block]})
        tell(f"anthropic-py cache {name}", message.model_dump())
    wrongs = [
        ("unknown model", {"model": "claude-none"}, {}),
        ("refused field", {"extra_body": {"temperature": 1.0}}, {}),
        ("500", {}, {"x-sandbox-fault": "500"}),
        # An overload is waited out as long as the client's patience lasts.
        ("529", {}, {"x-sandbox-fault": "529", "x-paceway-timeout": "0.3"}),
    ]
    for name, changes, headers in wrongs:
        try:
            client.messages.create(**{**ask, **changes}, extra_headers=headers)
            raise SystemExit(f"{name} did not fail")
        except anthropic.APIStatusError as error:
            tell(f"anthropic-py {name}", failure(error), error.response.headers)


def openai_calls(model, same):
    client = openai.OpenAI(api_key=KEY, base_url=f"{ORIGIN}/v1", max_retries=0)
    messages = [{"role": "system", "content": SYSTEM}, *TURNS]
    ask = {"model": model, "messages": messages, "max_completion_tokens": 300}

    raw = client.chat.completions.with_raw_response.create(**ask)
    tell("openai-py create", raw.parse().model_dump(), raw.headers)
    raw = client.chat.completions.with_raw_response.create(**ask, stop=["e"])
    tell("openai-py stop", raw.parse().model_dump(), raw.headers)
    for name, more in [("stream", {}), ("stream with usage", {"stream_options": {"include_usage": True}})]:
        raw = client.chat.completions.with_raw_response.create(**ask, stream=True, **more)
        tell(f"openai-py {name}", [chunk.model_dump() for chunk in raw.parse()], raw.headers)
    if not same:
        return
    wrongs = [
        ("unknown model", {"model": "gpt-none"}, {}),
        ("500", {}, {"x-sandbox-fault": "500"}),
        ("503", {}, {"x-sandbox-fault": "529", "x-paceway-timeout": "0.3"}),
    ]
    for name, changes, headers in wrongs:
        try:
            client.chat.completions.create(**{**ask, **changes}, extra_headers=headers)
            raise SystemExit(f"{name} did not fail")
        except openai.APIStatusError as error:
            tell(f"openai-py {name}", failure(error), error.response.headers)


async def async_calls(claude, gpt):
    turns = {"messages": TURNS}
    async with anthropic.AsyncAnthropic(api_key=KEY, base_url=ORIGIN, max_retries=0) as client:
        async with client.messages.stream(model=claude, max_tokens=100, **turns) as stream:
            tell("anthropic-py async stream", (await stream.get_final_message()).model_dump())
    async with openai.AsyncOpenAI(api_key=KEY, base_url=f"{ORIGIN}/v1", max_retries=0) as client:
        stream = await client.chat.completions.create(model=gpt, stream=True, **turns)
        tell("openai-py async stream", [chunk.model_dump() async for chunk in stream])


same = MODE == "same"
claude, gpt = (CLAUDE, GPT) if same else (GPT, CLAUDE)
anthropic_calls(claude, same)
openai_calls(gpt, same)
asyncio.run(async_calls(claude, gpt))
json.dump(told, sys.stdout, indent=1, default=str)
