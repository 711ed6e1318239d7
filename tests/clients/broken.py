"""Streams that break in the middle, through the official SDKs. Usage: broken.py ADDRESS KEY"""

import sys

import anthropic
import openai
from google import genai

ADDRESS, KEY = sys.argv[1:]
ALIASES = [f"{first}-{second}" for first in ("anthropic", "openai") for second in ("anthropic", "openai")]
TIMES = 12

chat = openai.OpenAI(base_url=f"{ADDRESS}/v1", api_key=KEY, max_retries=0)
claude = anthropic.Anthropic(base_url=ADDRESS, api_key=KEY, max_retries=0)
gemini = genai.Client(api_key=KEY, http_options={"base_url": ADDRESS})


def by_chat(model, prompt):
    stream = chat.chat.completions.create(
        model=model,
        messages=[{"role": "user", "content": prompt}],
        stream=True,
        stream_options={"include_usage": True},
    )
    words, finish, usage = "", None, None
    for chunk in stream:
        usage = chunk.usage or usage
        for choice in chunk.choices:
            words += choice.delta.content or ""
            finish = choice.finish_reason or finish
    return words, finish, usage and usage.completion_tokens


def by_responses(model, prompt):
    with chat.responses.stream(model=model, input=prompt) as stream:
        words = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
        whole = stream.get_final_response()
    assert whole.output_text == words, (whole.output_text, words)
    return words, whole.status, whole.usage.output_tokens


def by_messages(model, prompt):
    messages = [{"role": "user", "content": prompt}]
    with claude.messages.stream(model=model, max_tokens=400, messages=messages) as stream:
        words = "".join(stream.text_stream)
        whole = stream.get_final_message()
    assert "".join(block.text for block in whole.content) == words
    return words, whole.stop_reason, whole.usage.output_tokens


def by_gemini(model, prompt):
    words, finish, used = "", None, None
    for chunk in gemini.models.generate_content_stream(model=model, contents=prompt):
        words += chunk.text or ""
        finish = chunk.candidates[0].finish_reason if chunk.candidates else finish
        used = chunk.usage_metadata.candidates_token_count if chunk.usage_metadata else used
    return words, finish, used


CLIENTS = {
    "openai chat": (by_chat, openai.APIError),
    "openai responses": (by_responses, (openai.APIError, RuntimeError)),
    "anthropic": (by_messages, anthropic.APIError),
    "google-genai": (by_gemini, Exception),
}

failed = 0
for name, (ask, error) in CLIENTS.items():
    for alias in ALIASES:
        try:
            for number in range(TIMES):
                words, finish, used = ask(alias, f"Tell me of the number {number}.")
                assert words.strip() and finish and used, (words, finish, used)
            print(f"  {name}, {alias}: {TIMES} broken streams were whole")
        except Exception as problem:
            failed += 1
            print(f"  FAILED {name}, {alias}: {type(problem).__name__}: {problem}")
    ends = 0
    for number in range(TIMES):
        try:
            ask("only", f"Tell me of the number {number}.")
        except error:
            ends += 1
    failed += ends != TIMES
    print(f"  {name}: {ends} of {TIMES} that may not be continued end with its own error")
sys.exit(failed > 0)
