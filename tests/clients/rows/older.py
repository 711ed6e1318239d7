"""Clients that want an older OpenAI SDK than the newest, so that they are installed apart: instructor and LiteLLM."""

import json
import os

# Else it asks the network for prices.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

import instructor
import litellm
import openai

from row import (CALL, KEY, LOOK, MOST, NAME, ORIGIN, PATIENCE, PNG, PNG_URL, PURPOSE, QUESTION, RECIPE, RESULT, SCHEMA, Recipe,
                 Row, tell)

litellm.telemetry = False
litellm.suppress_debug_info = True


class LiteLlm(Row):
    name = "litellm"
    tool_of = {"type": "function", "function": {"name": NAME, "description": PURPOSE, "parameters": SCHEMA}}

    def ask(self, model, messages, most=MOST, **more):
        if isinstance(messages, str):
            messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": messages}]
        server = {"api_base": f"{ORIGIN}/v1", "api_key": KEY, "timeout": PATIENCE, "num_retries": 0, "max_retries": 0}
        return litellm.completion(f"openai/{model}", messages, max_completion_tokens=most, **server, **more)

    def plain(self, model, most=MOST):
        done = self.ask(model, QUESTION, most)
        return {"text": done.choices[0].message.content, "tokens": done.usage.completion_tokens}

    def stream(self, *ask, **more):
        chunks = list(self.ask(*ask, **more, stream=True, stream_options={"include_usage": True}))
        return litellm.stream_chunk_builder(chunks), chunks

    def streamed(self, model):
        done, chunks = self.stream(model, QUESTION)
        text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
        assert text == done.choices[0].message.content, done
        return {"text": text, "tokens": chunks[-1].usage.completion_tokens}

    def tool(self, model):
        return self.answered(model, lambda messages: self.ask(model, messages, tools=[self.tool_of]))

    def streamed_tool(self, model):
        return self.answered(model, lambda messages: self.stream(model, messages, tools=[self.tool_of])[0])

    def answered(self, model, ask):
        turns = [{"role": "user", "content": CALL}]
        message = ask(turns).choices[0].message
        [call] = message.tool_calls
        done = ask([*turns, message, {"role": "tool", "tool_call_id": call.id, "content": RESULT}])
        arguments = json.loads(call.function.arguments)
        return {"name": call.function.name, "arguments": arguments, "text": done.choices[0].message.content}

    def structured(self, model):
        done = self.ask(model, RECIPE, response_format=Recipe)
        return Recipe.model_validate_json(done.choices[0].message.content).model_dump()

    def image(self, model):
        content = [{"type": "text", "text": LOOK}, {"type": "image_url", "image_url": {"url": PNG_URL}}]
        return {"text": self.ask(model, [{"role": "user", "content": content}]).choices[0].message.content}


class Instructor(Row):
    name = "instructor"
    note = "it is for structured answers, which are asked for in three ways, and has no tools for callers to run"
    client = openai.OpenAI(base_url=f"{ORIGIN}/v1", api_key=KEY, max_retries=0, timeout=PATIENCE)
    by_tool = instructor.from_openai(client)
    by_schema = instructor.from_openai(client, mode=instructor.Mode.JSON_SCHEMA)

    def ask(self, model, content):
        messages = [{"role": "user", "content": content}]
        return {"model": model, "messages": messages, "max_retries": 0, "max_completion_tokens": MOST}

    def structured(self, model):
        return self.by_schema.create(**self.ask(model, RECIPE), response_model=Recipe).model_dump()

    def structured_by_tool(self, model):
        return self.by_tool.create(**self.ask(model, RECIPE), response_model=Recipe).model_dump()

    def streamed_structured(self, model):
        [*_, last] = self.by_tool.create_partial(**self.ask(model, RECIPE), response_model=Recipe)
        return last.model_dump()

    def image(self, model):
        content = [LOOK, instructor.Image.from_raw_base64(PNG)]
        return {"text": self.by_tool.create(**self.ask(model, content), response_model=None).choices[0].message.content}

    def plain(self, model, most=MOST):
        done = self.by_tool.create(**{**self.ask(model, QUESTION), "max_completion_tokens": most}, response_model=None)
        return {"text": done.choices[0].message.content, "tokens": done.usage.completion_tokens}


tell(LiteLlm(), Instructor())
