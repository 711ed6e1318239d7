"""Frameworks in Python over the SDKs: LangChain with OpenAI's and Anthropic's packages, and pydantic-ai over Responses."""

import openai
from langchain_anthropic import ChatAnthropic
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_openai import ChatOpenAI
from pydantic_ai import Agent, BinaryContent, ModelSettings, NativeOutput, ToolCallPart
from pydantic_ai.models.openai import OpenAIResponsesModel
from pydantic_ai.providers.openai import OpenAIProvider

from row import (CALL, KEY, LOOK, MOST, NAME, ORIGIN, PATIENCE, PNG, PNG_BYTES, PURPOSE, QUESTION, RECIPE, RESULT, SCHEMA,
                 Recipe, Row, tell)


class LangChain(Row):
    tool_of = {"type": "function", "function": {"name": NAME, "description": PURPOSE, "parameters": SCHEMA}}

    def model(self, model, most=MOST):
        raise NotImplementedError

    def plain(self, model, most=MOST):
        message = self.model(model, most).invoke([("system", "Be brief."), ("user", QUESTION)])
        return {"text": message.text, "tokens": message.usage_metadata["output_tokens"]}

    def streamed(self, model):
        chunks = list(self.model(model).stream([("system", "Be brief."), ("user", QUESTION)]))
        whole = sum(chunks[1:], chunks[0])
        return {"text": "".join(chunk.text for chunk in chunks), "tokens": whole.usage_metadata["output_tokens"]}

    def tool(self, model):
        return self.answered(self.model(model).bind_tools([self.tool_of]), lambda bound, turns: bound.invoke(turns))

    def streamed_tool(self, model):
        def stream(bound, turns):
            chunks = list(bound.stream(turns))
            return sum(chunks[1:], chunks[0])

        return self.answered(self.model(model).bind_tools([self.tool_of]), stream)

    def answered(self, bound, ask):
        turns = [HumanMessage(CALL)]
        message = ask(bound, turns)
        [call] = message.tool_calls
        turns += [message, ToolMessage(RESULT, tool_call_id=call["id"])]
        return {"name": call["name"], "arguments": call["args"], "text": ask(bound, turns).text}

    def structured(self, model):
        return self.model(model).with_structured_output(Recipe, method="json_schema").invoke(RECIPE).model_dump()

    def structured_by_tool(self, model):
        return self.model(model).with_structured_output(Recipe, method="function_calling").invoke(RECIPE).model_dump()

    def image(self, model):
        image = {"type": "image", "base64": PNG, "mime_type": "image/png"}
        return {"text": self.model(model).invoke([HumanMessage([{"type": "text", "text": LOOK}, image])]).text}


class LangChainOpenAi(LangChain):
    name = "langchain-openai"

    def model(self, model, most=MOST):
        return ChatOpenAI(
            model=model,
            base_url=f"{ORIGIN}/v1",
            api_key=KEY,
            max_retries=0,
            timeout=PATIENCE,
            max_tokens=most,
            # At other addresses than OpenAI's it asks for no usage of its own accord.
            stream_usage=True,
        )


class LangChainAnthropic(LangChain):
    name = "langchain-anthropic"

    def model(self, model, most=MOST):
        return ChatAnthropic(
            model=model, base_url=ORIGIN, api_key=KEY, max_retries=0, timeout=PATIENCE, max_tokens=most
        )


class PydanticAi(Row):
    name = "pydantic-ai"
    # It has one class for all statuses.
    not_found = bad_request = "ModelHTTPError"
    client = openai.AsyncOpenAI(base_url=f"{ORIGIN}/v1", api_key=KEY, max_retries=0, timeout=PATIENCE)

    def agent(self, model, most=MOST, **more):
        model = OpenAIResponsesModel(model, provider=OpenAIProvider(openai_client=self.client))
        return Agent(model, instructions="Be brief.", model_settings=ModelSettings(max_tokens=most), retries=0, **more)

    def plain(self, model, most=MOST):
        run = self.agent(model, most).run_sync(QUESTION)
        return {"text": run.output, "tokens": run.usage.output_tokens}

    def streamed(self, model):
        run = self.agent(model).run_stream_sync(QUESTION)
        text = "".join(run.stream_text(delta=True, debounce_by=None))
        return {"text": text, "tokens": run.usage.output_tokens}

    def worker(self, model):
        agent = self.agent(model)

        @agent.tool_plain(name=NAME, description=PURPOSE)
        def get_weather(city: str, days: int) -> str:
            return RESULT

        return agent

    def tool(self, model):
        run = self.worker(model).run_sync(CALL)
        return self.called(run.all_messages(), run.output)

    def streamed_tool(self, model):
        run = self.worker(model).run_stream_sync(CALL)
        text = "".join(run.stream_text(delta=True, debounce_by=None))
        return self.called(run.all_messages(), text)

    def called(self, messages, text):
        [call] = [part for message in messages for part in message.parts if isinstance(part, ToolCallPart)]
        return {"name": call.tool_name, "arguments": call.args_as_dict(), "text": text}

    def structured(self, model):
        return self.agent(model, output_type=NativeOutput(Recipe)).run_sync(RECIPE).output.model_dump()

    def structured_by_tool(self, model):
        return self.agent(model, output_type=Recipe).run_sync(RECIPE).output.model_dump()

    def image(self, model):
        image = BinaryContent(PNG_BYTES, media_type="image/png")
        return {"text": self.agent(model).run_sync([LOOK, image]).output}


tell(LangChainOpenAi(), LangChainAnthropic(), PydanticAi())
