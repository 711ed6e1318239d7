"""The official SDKs in Python: OpenAI's with both of its interfaces, Anthropic's and Google's."""

import json

import anthropic
import openai
from google import genai
from google.genai import types

from row import (CALL, FILTERED, KEY, LOOK, MOST, NAME, ORIGIN, PATIENCE, PNG, PNG_BYTES, PNG_URL, PURPOSE, QUESTION, RECIPE, RESULT,
                 SCHEMA, Recipe, Row, tell)


class Chat(Row):
    name = "openai-python, chat"
    client = openai.OpenAI(base_url=f"{ORIGIN}/v1", api_key=KEY, max_retries=0, timeout=PATIENCE)
    tool_of = {"type": "function", "function": {"name": NAME, "description": PURPOSE, "parameters": SCHEMA, "strict": True}}

    def ask(self, model, content, **more):
        messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": content}]
        more = {"max_completion_tokens": MOST, **more}
        return {"model": model, "messages": messages, **more}

    def plain(self, model, most=MOST):
        done = self.client.chat.completions.create(**self.ask(model, QUESTION, max_completion_tokens=most))
        return {"text": done.choices[0].message.content, "tokens": done.usage.completion_tokens}

    def streamed(self, model):
        ask = self.ask(model, QUESTION, stream_options={"include_usage": True})
        chunks = list(self.client.chat.completions.create(**ask, stream=True))
        pieces = [choice.delta.content or "" for chunk in chunks for choice in chunk.choices]
        return {"text": "".join(pieces), "tokens": chunks[-1].usage.completion_tokens}

    def tool(self, model):
        ask = self.ask(model, CALL, tools=[self.tool_of])
        message = self.client.chat.completions.create(**ask).choices[0].message
        return self.answered(ask, message)

    def streamed_tool(self, model):
        forced = {"type": "function", "function": {"name": NAME}}
        ask = self.ask(model, CALL, tools=[self.tool_of])
        with self.client.chat.completions.stream(**ask, tool_choice=forced) as stream:
            deltas = [event.arguments_delta for event in stream if event.type == "tool_calls.function.arguments.delta"]
            message = stream.get_final_completion().choices[0].message
        assert "".join(deltas) == message.tool_calls[0].function.arguments, deltas
        return self.answered(ask, message)

    def answered(self, ask, message):
        [call] = message.tool_calls
        result = {"role": "tool", "tool_call_id": call.id, "content": RESULT}
        turns = [*ask["messages"], message, result]
        done = self.client.chat.completions.create(**{**ask, "messages": turns})
        arguments = json.loads(call.function.arguments)
        return {"name": call.function.name, "arguments": arguments, "text": done.choices[0].message.content}

    def structured(self, model):
        done = self.client.chat.completions.parse(**self.ask(model, RECIPE), response_format=Recipe)
        return done.choices[0].message.parsed.model_dump()

    def image(self, model):
        content = [{"type": "text", "text": LOOK}, {"type": "image_url", "image_url": {"url": PNG_URL}}]
        return {"text": self.client.chat.completions.create(**self.ask(model, content)).choices[0].message.content}

    def filtered(self, model):
        done = self.client.chat.completions.create(**self.ask(model, FILTERED))
        return {"wanted": "content_filter", "reason": done.choices[0].finish_reason}


class Responses(Row):
    name = "openai-python, responses"
    client = Chat.client
    tool_of = {"type": "function", "name": NAME, "description": PURPOSE, "parameters": SCHEMA, "strict": True}

    def ask(self, model, content, **more):
        turn = {"role": "user", "content": content}
        return {"model": model, "instructions": "Be brief.", "input": [turn], "max_output_tokens": MOST, **more}

    def plain(self, model, most=MOST):
        done = self.client.responses.create(**self.ask(model, QUESTION, max_output_tokens=most))
        return {"text": done.output_text, "tokens": done.usage.output_tokens}

    def streamed(self, model):
        events = list(self.client.responses.create(**self.ask(model, QUESTION), stream=True))
        text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
        assert text == events[-1].response.output_text, (text, events[-1])
        return {"text": text, "tokens": events[-1].response.usage.output_tokens}

    def tool(self, model):
        ask = self.ask(model, CALL, tools=[self.tool_of])
        done = self.client.responses.create(**ask)
        [call] = [item for item in done.output if item.type == "function_call"]
        # Going on from a kept answer: only the result is sent.
        result = {"type": "function_call_output", "call_id": call.call_id, "output": RESULT}
        after = self.client.responses.create(**{**ask, "input": [result], "previous_response_id": done.id})
        return {"name": call.name, "arguments": json.loads(call.arguments), "text": after.output_text}

    def streamed_tool(self, model):
        ask = self.ask(model, CALL, tools=[self.tool_of], store=False)
        with self.client.responses.stream(**ask, tool_choice={"type": "function", "name": NAME}) as stream:
            deltas = [event.delta for event in stream if event.type == "response.function_call_arguments.delta"]
            done = stream.get_final_response()
        [call] = [item for item in done.output if item.type == "function_call"]
        assert "".join(deltas) == call.arguments, deltas
        result = {"type": "function_call_output", "call_id": call.call_id, "output": RESULT}
        after = self.client.responses.create(**{**ask, "input": [*ask["input"], *done.output, result]})
        return {"name": call.name, "arguments": json.loads(call.arguments), "text": after.output_text}

    def structured(self, model):
        return self.client.responses.parse(**self.ask(model, RECIPE), text_format=Recipe).output_parsed.model_dump()

    def image(self, model):
        content = [{"type": "input_text", "text": LOOK}, {"type": "input_image", "image_url": PNG_URL, "detail": "auto"}]
        return {"text": self.client.responses.create(**self.ask(model, content)).output_text}

    def filtered(self, model):
        done = self.client.responses.create(**self.ask(model, FILTERED))
        return {"wanted": "content_filter", "reason": done.incomplete_details.reason}


class Messages(Row):
    name = "anthropic-python"
    client = anthropic.Anthropic(base_url=ORIGIN, api_key=KEY, max_retries=0, timeout=PATIENCE)
    tool_of = {"name": NAME, "description": PURPOSE, "input_schema": SCHEMA}

    def ask(self, model, content, **more):
        turn = {"role": "user", "content": content}
        return {"model": model, "system": "Be brief.", "messages": [turn], "max_tokens": MOST, **more}

    def plain(self, model, most=MOST):
        done = self.client.messages.create(**self.ask(model, QUESTION, max_tokens=most))
        return {"text": done.content[0].text, "tokens": done.usage.output_tokens}

    def streamed(self, model):
        with self.client.messages.stream(**self.ask(model, QUESTION)) as stream:
            text = "".join(stream.text_stream)
            return {"text": text, "tokens": stream.get_final_message().usage.output_tokens}

    def tool(self, model):
        ask = self.ask(model, CALL, tools=[self.tool_of])
        return self.answered(ask, self.client.messages.create(**ask))

    def streamed_tool(self, model):
        ask = self.ask(model, CALL, tools=[self.tool_of])
        with self.client.messages.stream(**ask, tool_choice={"type": "tool", "name": NAME}) as stream:
            deltas = [event.partial_json for event in stream if event.type == "input_json"]
            done = stream.get_final_message()
        [call] = [block for block in done.content if block.type == "tool_use"]
        assert json.loads("".join(deltas)) == call.input, deltas
        return self.answered(ask, done)

    def answered(self, ask, message):
        [call] = [block for block in message.content if block.type == "tool_use"]
        assert message.stop_reason == "tool_use", message
        result = {"type": "tool_result", "tool_use_id": call.id, "content": [{"type": "text", "text": RESULT}]}
        turns = [{"role": "assistant", "content": message.content}, {"role": "user", "content": [result]}]
        done = self.client.messages.create(**{**ask, "messages": [*ask["messages"], *turns]})
        return {"name": call.name, "arguments": call.input, "text": done.content[0].text}

    def structured(self, model):
        return self.client.messages.parse(**self.ask(model, RECIPE), output_format=Recipe).parsed_output.model_dump()

    def image(self, model):
        source = {"type": "base64", "media_type": "image/png", "data": PNG}
        content = [{"type": "image", "source": source}, {"type": "text", "text": LOOK}]
        return {"text": self.client.messages.create(**self.ask(model, content)).content[0].text}

    def filtered(self, model):
        return {"wanted": "refusal", "reason": self.client.messages.create(**self.ask(model, FILTERED)).stop_reason}


class Google(Row):
    name = "google-genai"
    # It has no classes for single statuses.
    not_found = bad_request = "ClientError"
    client = genai.Client(api_key=KEY, http_options=types.HttpOptions(base_url=ORIGIN, timeout=PATIENCE * 1000))
    declared = types.FunctionDeclaration(name=NAME, description=PURPOSE, parameters_json_schema=SCHEMA)
    tools = [types.Tool(function_declarations=[declared])]

    def ask(self, model, contents, **more):
        more = {"system_instruction": "Be brief.", "max_output_tokens": MOST, **more}
        return {"model": model, "contents": contents, "config": types.GenerateContentConfig(**more)}

    def plain(self, model, most=MOST):
        done = self.client.models.generate_content(**self.ask(model, QUESTION, max_output_tokens=most))
        return {"text": done.text, "tokens": done.usage_metadata.candidates_token_count}

    def streamed(self, model):
        chunks = list(self.client.models.generate_content_stream(**self.ask(model, QUESTION)))
        text = "".join(chunk.text or "" for chunk in chunks)
        return {"text": text, "tokens": chunks[-1].usage_metadata.candidates_token_count}

    def tool(self, model):
        done = self.client.models.generate_content(**self.ask(model, CALL, tools=self.tools))
        return self.answered(model, done.candidates[0].content)

    def streamed_tool(self, model):
        forced = types.FunctionCallingConfig(mode="ANY", allowed_function_names=[NAME])
        config = {"tools": self.tools, "tool_config": types.ToolConfig(function_calling_config=forced)}
        chunks = self.client.models.generate_content_stream(**self.ask(model, CALL, **config))
        contents = [chunk.candidates[0].content for chunk in chunks if chunk.candidates]
        parts = [part for content in contents if content for part in content.parts or []]
        return self.answered(model, types.Content(role="model", parts=parts))

    def answered(self, model, content):
        [call] = [part.function_call for part in content.parts if part.function_call]
        response = types.FunctionResponse(id=call.id, name=call.name, response={"result": RESULT})
        turns = [
            types.Content(role="user", parts=[types.Part(text=CALL)]),
            content,
            types.Content(role="user", parts=[types.Part(function_response=response)]),
        ]
        done = self.client.models.generate_content(**self.ask(model, turns, tools=self.tools))
        return {"name": call.name, "arguments": call.args, "text": done.text}

    def structured(self, model):
        json_wanted = {"response_mime_type": "application/json", "response_schema": Recipe}
        return self.client.models.generate_content(**self.ask(model, RECIPE, **json_wanted)).parsed.model_dump()

    def image(self, model):
        contents = [types.Part.from_bytes(data=PNG_BYTES, mime_type="image/png"), LOOK]
        return {"text": self.client.models.generate_content(**self.ask(model, contents)).text}

    def filtered(self, model):
        done = self.client.models.generate_content(**self.ask(model, FILTERED))
        return {"wanted": "SAFETY", "reason": done.candidates[0].finish_reason.value}


tell(Chat(), Responses(), Messages(), Google())
