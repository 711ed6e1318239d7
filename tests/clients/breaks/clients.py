"""The official SDKs in Python, shown every stream of breaks.json that breaks: a line of JSON for what each saw, which
judge.py judges.

Usage: clients.py ADDRESS KEY SANDBOX
"""

import http.client
import json
import pathlib
import sys
import urllib.parse

import anthropic
import openai
from google import genai

ADDRESS, KEY, SANDBOX = sys.argv[1:]
BREAKS = json.loads(pathlib.Path(__file__).with_name("breaks.json").read_text(encoding="utf-8"))
TOOL = BREAKS["tool"]
NAME, PURPOSE, SCHEMA = TOOL["name"], TOOL["description"], TOOL["schema"]
MOST, THOUGHTS, PATIENCE = 4000, 1024, 20
OPTIONS = {"api_key": KEY, "max_retries": 0, "timeout": PATIENCE}

gpt = openai.OpenAI(base_url=f"{ADDRESS}/v1", **OPTIONS)
claude = anthropic.Anthropic(base_url=ADDRESS, **OPTIONS)
gemini = genai.Client(api_key=KEY, http_options={"base_url": ADDRESS, "timeout": PATIENCE * 1_000})


class Seen:
    """What a client was shown so far. `order` has a word for each thing; `calls` are those that are whole to the client."""

    def __init__(self):
        self.text, self.thoughts, self.calls, self.order = "", "", [], []
        self.finish, self.tokens, self.usages = None, None, 0

    def said(self, text):
        if text:
            self.text += text
            self.order.append("text")

    def thought(self, text):
        if text:
            self.thoughts += text
            self.order.append("thought")

    def used(self, given, made):
        self.usages += 1
        self.tokens = [given, made]


def chat(model, shape, prompt, seen):
    more = {}
    if shape == "call":
        more["tools"] = [{"type": "function", "function": {"name": NAME, "description": PURPOSE, "parameters": SCHEMA}}]
    if shape == "thoughts":
        more["reasoning_effort"] = "low"
    calls = {}
    for chunk in gpt.chat.completions.create(
        model=model,
        messages=[{"role": "user", "content": prompt}],
        max_completion_tokens=MOST,
        stream=True,
        stream_options={"include_usage": True},
        **more,
    ):
        for choice in chunk.choices:
            seen.order += ["role"] if choice.delta.role else []
            seen.thought(getattr(choice.delta, "reasoning_content", None))
            seen.said(choice.delta.content)
            for piece in choice.delta.tool_calls or []:
                call = calls.setdefault(piece.index, {"name": piece.function.name, "arguments": ""})
                call["arguments"] += piece.function.arguments or ""
                seen.order.append("call")
            if choice.finish_reason:
                seen.order.append("finish")
                seen.finish = choice.finish_reason
                seen.calls = list(calls.values())
        if chunk.usage:
            seen.order.append("usage")
            seen.used(chunk.usage.prompt_tokens, chunk.usage.completion_tokens)


def responses(model, shape, prompt, seen):
    more = {}
    if shape == "call":
        more["tools"] = [{"type": "function", "name": NAME, "description": PURPOSE, "parameters": SCHEMA, "strict": True}]
    if shape == "thoughts":
        more["reasoning"] = {"effort": "low", "summary": "auto"}
    with gpt.responses.stream(model=model, input=prompt, max_output_tokens=MOST, **more) as stream:
        for number, event in enumerate(stream):
            seen.order.append(event.type.removeprefix("response."))
            if event.sequence_number != number:
                seen.order.append(f"number {event.sequence_number}")
            if event.type == "response.output_text.delta":
                seen.text += event.delta
            if event.type == "response.reasoning_summary_text.delta":
                seen.thoughts += event.delta
            if event.type == "response.output_item.done" and event.item.type == "function_call":
                seen.calls.append({"name": event.item.name, "arguments": event.item.arguments})
            if event.type == "response.failed":
                failure = event.response.error
                raise openai.APIError(f"{failure.code}: {failure.message}", None, body=None)
        whole = stream.get_final_response()
    assert whole.output_text == seen.text, whole.output_text
    seen.finish = whole.status
    seen.used(whole.usage.input_tokens, whole.usage.output_tokens)


def messages(model, shape, prompt, seen):
    more = {}
    if shape == "call":
        more["tools"] = [{"name": NAME, "description": PURPOSE, "input_schema": SCHEMA}]
    if shape == "thoughts":
        more["thinking"] = {"type": "enabled", "budget_tokens": THOUGHTS}
    turns = [{"role": "user", "content": prompt}]
    with claude.messages.stream(model=model, max_tokens=MOST, messages=turns, **more) as stream:
        for event in stream:
            kind = event.type
            if kind in ("text", "thinking", "input_json", "signature", "citation"):
                continue
            if kind == "content_block_start":
                kind = f"start {event.index} {event.content_block.type}"
            if kind == "content_block_delta":
                kind = f"delta {event.index} {event.delta.type}"
                seen.text += getattr(event.delta, "text", "")
                seen.thoughts += getattr(event.delta, "thinking", "")
            if kind == "content_block_stop":
                kind = f"stop {event.index}"
                if event.content_block.type == "tool_use":
                    seen.calls.append({"name": event.content_block.name, "arguments": event.content_block.input})
            seen.order.append(kind)
        whole = stream.get_final_message()
    assert "".join(block.text for block in whole.content if block.type == "text") == seen.text, whole.content
    seen.finish = whole.stop_reason
    seen.used(whole.usage.input_tokens, whole.usage.output_tokens)


def content(model, shape, prompt, seen):
    config = {"max_output_tokens": MOST}
    if shape == "call":
        function = {"name": NAME, "description": PURPOSE, "parameters_json_schema": SCHEMA}
        config["tools"] = [{"function_declarations": [function]}]
        config["automatic_function_calling"] = {"disable": True}
    if shape == "thoughts":
        config["thinking_config"] = {"include_thoughts": True, "thinking_budget": THOUGHTS}
    used = None
    for chunk in gemini.models.generate_content_stream(model=model, contents=prompt, config=config):
        for candidate in chunk.candidates or []:
            for part in (candidate.content and candidate.content.parts) or []:
                if part.function_call:
                    seen.order.append("call")
                    seen.calls.append({"name": part.function_call.name, "arguments": part.function_call.args})
                elif part.thought:
                    seen.thought(part.text)
                else:
                    seen.said(part.text)
            if candidate.finish_reason:
                seen.order.append("finish")
                seen.finish = candidate.finish_reason.value
        used = chunk.usage_metadata or used
    # Gemini tells it again and again, and the last one counts.
    seen.used(used.prompt_token_count, used.candidates_token_count)


CLIENTS = {
    "openai, chat": chat,
    "openai, responses": responses,
    "anthropic": messages,
    "google-genai": content,
}


control = http.client.HTTPConnection(urllib.parse.urlsplit(SANDBOX).netloc, timeout=PATIENCE)


def sandbox(method, path, body=None):
    control.request(method, path, body and json.dumps(body), {"content-type": "application/json"})
    answer = control.getresponse()
    told = answer.read()
    assert answer.status < 300, told
    return told


def sent():
    counts = json.loads(sandbox("GET", "/sandbox/stats"))
    return counts["calls"], counts["streamed"]


def show(client, model, shape, faults):
    """What a client sees of a stream that these faults befall, and how many calls and events it took."""
    sandbox("PUT", "/sandbox/settings", {**BREAKS["settings"], "faults": {"next": faults}})
    seen, before = Seen(), sent()
    told = {"seen": seen.__dict__}
    try:
        client(model, shape, BREAKS["shapes"][shape]["prompt"], seen)
    except Exception as error:
        told["error"] = {"classes": [kind.__name__ for kind in type(error).__mro__], "message": str(error)}
    calls, events = (after - was for after, was in zip(sent(), before))
    return {**told, "calls": calls, "events": events}


def tell(name, client, provider, shape):
    """Cuts at every event. The second provider and the second place of a stream that breaks twice change with the first place, so
    that all of them come up."""
    slug, slugs = (lambda model: model.split("/")[0]), list(BREAKS["providers"].values())
    first = slug(BREAKS["providers"][provider])
    line = {"client": name, "provider": provider, "shape": shape}
    whole = show(client, f"only-{first}", shape, [])
    print(json.dumps({**line, "way": None, **whole}), flush=True)
    last = whole["events"] + 1
    for way in BREAKS["shapes"][shape].get("ways", BREAKS["ways"]):
        plan = BREAKS["ways"][way]
        if provider not in plan.get("providers", BREAKS["providers"]):
            continue
        for place in plan.get("places", range(last + 1)):
            second = slug(slugs[place % len(slugs)])
            model = f"{first}-then-{second}" if plan["continues"] else f"only-{first}"
            again = (place * 7 + 3) % last
            faults = [fault.replace("K", str(place)).replace("J", str(again)) for fault in plan["faults"]]
            told = show(client, model, shape, faults)
            is_last = place == last
            print(json.dumps({**line, "way": way, "place": place, "last": is_last, "model": model, **told}), flush=True)


for name, client in CLIENTS.items():
    for provider in BREAKS["providers"]:
        for shape, plan in BREAKS["shapes"].items():
            if provider in plan.get("providers", BREAKS["providers"]):
                tell(name, client, provider, shape)
