"""What the official SDKs in Python make of streams that break.

Where streams are continued, each has to be one whole answer to its SDK: the beginning of the first provider's and the rest of
the second's. Where they are not, each has to end with the SDK's own error, and never in silence.

Usage: broken.py ORIGIN KEY FAULT=PROVIDER…, the origins of the simulated providers with each fault. Paceway has to serve the models
FAULT-PAIR-DIALECT-on and -off, which go to a provider with the fault and then to one without, and whole-PAIR-DIALECT, which is the
first one's without the fault.
"""

import itertools
import json
import sys
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import anthropic
import openai
from google import genai
from google.genai import errors, types

ORIGIN, KEY, *STRIKING = sys.argv[1:]
STRIKING = dict(told.split("=", 1) for told in STRIKING)
# Tokens of an answer and of its thoughts at most, and how long a call may take, in seconds.
MOST, MOST_THOUGHT, PATIENCE = 2000, 1024, 30
# So many calls at once.
AT_ONCE = 16
# An SDK raises these of its own accord if a connection breaks: that would be silence.
CONNECTION = (openai.APIConnectionError, anthropic.APIConnectionError)
# How the simulated provider begins every answer, and how it then quotes the request for the rest of one.
OPENING = "This is a simulated answer from Paceway's built-in provider; no model was called."
REST = 'You wrote: "Your last message was cut off'


class Failed(Exception):
    """A failure that an SDK hands on as an event and does not raise."""


class Chat:
    name, dialect = "openai-python, chat", "openai"
    error = overloaded = openai.APIError
    client = openai.OpenAI(base_url=f"{ORIGIN}/v1", api_key=KEY, max_retries=0, timeout=PATIENCE)

    def ask(self, model, question, thinks):
        more = {"reasoning_effort": "low"} if thinks else {}
        return {"model": model, "messages": [{"role": "user", "content": question}], "max_completion_tokens": MOST, **more}

    def whole(self, *asked):
        return self.client.chat.completions.create(**self.ask(*asked)).choices[0].message.content

    def stream(self, *asked):
        with self.client.chat.completions.stream(**self.ask(*asked), stream_options={"include_usage": True}) as stream:
            deltas = [event.delta for event in stream if event.type == "content.delta"]
            done = stream.get_final_completion()
        [choice] = done.choices
        used = (done.usage.prompt_tokens, done.usage.completion_tokens)
        return deltas, choice.message.content, choice.finish_reason == "stop", used


class Responses:
    name, dialect = "openai-python, responses", "openai_responses"
    # The SDK raises on an event with `error` in it, as Paceway's have. What a provider of the dialect says itself has none.
    error, overloaded = openai.APIError, (openai.APIError, Failed)
    client = Chat.client

    def ask(self, model, question, thinks):
        more = {"reasoning": {"effort": "low", "summary": "auto"}} if thinks else {}
        return {"model": model, "input": question, "max_output_tokens": MOST, **more}

    def whole(self, *asked):
        return self.client.responses.create(**self.ask(*asked)).output_text

    def stream(self, *asked):
        with self.client.responses.stream(**self.ask(*asked)) as stream:
            events = list(stream)
            for event in events:
                if event.type == "response.failed":
                    raise Failed(event.response.error.message)
            done = stream.get_final_response()
        deltas = [event.delta for event in events if event.type == "response.output_text.delta"]
        used = (done.usage.input_tokens, done.usage.output_tokens)
        return deltas, done.output_text, done.status == "completed", used


class Messages:
    name, dialect = "anthropic-python", "anthropic"
    error = overloaded = anthropic.APIStatusError
    client = anthropic.Anthropic(base_url=ORIGIN, api_key=KEY, max_retries=0, timeout=PATIENCE)

    def ask(self, model, question, thinks):
        more = {"thinking": {"type": "enabled", "budget_tokens": MOST_THOUGHT}} if thinks else {}
        return {"model": model, "messages": [{"role": "user", "content": question}], "max_tokens": MOST, **more}

    def whole(self, *asked):
        return self.text_of(self.client.messages.create(**self.ask(*asked)))

    def stream(self, *asked):
        with self.client.messages.stream(**self.ask(*asked)) as stream:
            deltas = list(stream.text_stream)
            done = stream.get_final_message()
        used = (done.usage.input_tokens, done.usage.output_tokens)
        return deltas, self.text_of(done), done.stop_reason == "end_turn", used

    def text_of(self, message):
        return "".join(block.text for block in message.content if block.type == "text")


class Google:
    name, dialect = "google-genai", "gemini"
    error = overloaded = errors.ServerError
    client = genai.Client(api_key=KEY, http_options=types.HttpOptions(base_url=ORIGIN, timeout=PATIENCE * 1000))

    def ask(self, model, question, thinks):
        thinking = types.ThinkingConfig(include_thoughts=True, thinking_budget=MOST_THOUGHT) if thinks else None
        config = types.GenerateContentConfig(max_output_tokens=MOST, thinking_config=thinking)
        return {"model": model, "contents": question, "config": config}

    def whole(self, *asked):
        return self.client.models.generate_content(**self.ask(*asked)).text

    def stream(self, *asked):
        chunks = list(self.client.models.generate_content_stream(**self.ask(*asked)))
        deltas = [chunk.text or "" for chunk in chunks]
        candidates = [candidate for chunk in chunks for candidate in chunk.candidates or []]
        reasons = [candidate.finish_reason for candidate in candidates if candidate.finish_reason]
        usage = chunks[-1].usage_metadata
        used = (usage.prompt_token_count, usage.candidates_token_count)
        return deltas, "".join(deltas), reasons == [types.FinishReason.STOP], used


CLIENTS = [Chat(), Responses(), Messages(), Google()]
# Two providers of the client's own dialect; one of Anthropic's, then one of OpenAI's.
PAIRS = ["own", "mixed"]
# So many streams of each pair. More are continued than not: it matters where they break.
STREAMS = {"on": 15, "off": 5}
WAYS = {"on": "continued", "off": "not continued"}
# What befalls every stream of the first provider, and what an error then says of it. Where nothing has come by then, there is no
# error: the second provider is asked whether streams are continued or not.
FAULTS = {
    "cut": ("cut in the middle", ["provider `cut-"]),
    "stall": ("stalled in the middle", ["provider `stall-"]),
    "error": ("an error in the middle", ["verloaded", "had an error"]),
    "early": ("cut before it began", None),
}


class Wrong(Exception):
    """What came is not what has to come."""


def asked(client, fault, pair, number):
    """Another question each time, answered in other words and at another length; some want thoughts, in which it may break."""
    question = f"{number}: {'and ' * (number % 7)}what is {fault} {pair}, naïvely, with 日本語 and 🌊, to {client.dialect}?"
    return question, number % 3 == 2


def words(client, *asked):
    """The words of a stream that has to be whole."""
    deltas, text, has_finished, (used_input, used_output) = client.stream(*asked)
    if "".join(deltas) != text:
        raise Wrong(f"the pieces are {deltas} and the answer is {text!r}")
    if not has_finished:
        raise Wrong(f"the end has no reason, or another one: {text!r}")
    # A word of the simulated provider's is at least a token.
    if used_input < 1 or used_output < len(text.split()):
        raise Wrong(f"{used_input} tokens in and {used_output} out are not the usage of {text!r}")
    return text


def is_joined(text, whole):
    """Whether a text is the beginning of `whole`, cut, and behind it what the second provider said to the request for the rest."""
    joint = text.rfind(OPENING)
    return 0 < joint < len(whole) and whole.startswith(text[:joint]) and text[joint:].startswith(f"{OPENING} {REST}")


def goes_on(client, fault, pair, way, number):
    """The second provider goes on; or begins anew, if the client has got no words."""
    question, thinks = asked(client, fault, pair, number)
    text = words(client, f"{fault}-{pair}-{client.dialect}-{way}", question, thinks)
    has_begun = FAULTS[fault][1] is not None
    is_anew = text.startswith(OPENING) and text.count(OPENING) == 1 and REST not in text
    # Behind thoughts, the words that were told may be but the beginning of every answer: the second provider repeats them, and
    # they are taken off.
    is_repeated = text.startswith(f"{OPENING} {REST}")
    if is_anew and (thinks or not has_begun) or is_repeated and thinks and has_begun:
        return
    whole = client.whole(f"whole-{pair}-{client.dialect}", question, thinks)
    if not is_joined(text, whole):
        raise Wrong(f"{text!r} does not go on from {whole!r}")


def fails(client, fault, pair, way, number):
    """The SDK raises its error, which says what happened."""
    try:
        text = words(client, f"{fault}-{pair}-{client.dialect}-{way}", *asked(client, fault, pair, number))
    except client.overloaded if fault == "error" else client.error as error:
        if isinstance(error, CONNECTION) or not any(told in str(error) for told in FAULTS[fault][1]):
            raise Wrong(f"an error that does not say what happened: {error!r}") from error
    else:
        raise Wrong(f"it ended without an error: {text!r}")


def failure(check, *case):
    """What was wrong, if anything."""
    try:
        check(*case)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return None


def struck(provider):
    """How many requests its fault has befallen."""
    with urllib.request.urlopen(f"{provider}/sandbox/stats", timeout=PATIENCE) as answer:
        return json.load(answer)["struck"]


def main():
    running = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for client, fault, way in itertools.product(CLIENTS, FAULTS, STREAMS):
            what, told = FAULTS[fault]
            check, outcome = (fails, "the SDK raises its error") if way == "off" and told else (goes_on, "one whole answer")
            cases = itertools.product([check], [client], [fault], PAIRS, [way], range(STREAMS[way]))
            streams = [pool.submit(failure, *case) for case in cases]
            running.append((f"{client.name}, {what}, {WAYS[way]}: {outcome}", streams))
        passed = [tell(line, streams) for line, streams in running]
    # None came past its fault, and none was asked twice.
    wanted = len(CLIENTS) * len(PAIRS) * sum(STREAMS.values())
    counts = {fault: struck(provider) for fault, provider in STRIKING.items()}
    has_struck = counts == dict.fromkeys(FAULTS, wanted)
    print(f"  each fault befell {wanted} streams of the first provider" if has_struck else f"  not {wanted}: {counts}")
    return has_struck and all(passed)


def tell(line, streams):
    """Prints what became of some streams; whether all have passed."""
    failures = [failed for stream in streams if (failed := stream.result())]
    print(f"  {line}, {len(streams) - len(failures)} of {len(streams)}", flush=True)
    for failed in failures[:3]:
        print(f"    {failed}")
    return not failures


if not main():
    raise SystemExit(1)
