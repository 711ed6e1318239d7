// The clients in TypeScript: each check of each provider, and a line of JSON for what the client saw, as in row.py.
//
// Usage: node sdks.mjs ORIGIN KEY, beside the packages of ../package.json.

import fs from "node:fs";

import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import Anthropic from "@anthropic-ai/sdk";
import { zodOutputFormat } from "@anthropic-ai/sdk/helpers/zod";
import * as ai from "ai";
import OpenAI from "openai";
import { zodResponseFormat, zodTextFormat } from "openai/helpers/zod";
import { z } from "zod";

const [origin, key] = process.argv.slice(2);
const asked = JSON.parse(fs.readFileSync(new URL("asked.json", import.meta.url), "utf8"));
const { name, description, schema } = asked.tool;
const pngUrl = `data:image/png;base64,${asked.png}`;
const most = 300;
const options = { apiKey: key, maxRetries: 0, timeout: 30_000 };

const Recipe = z.object({
  title: z.string(),
  course: z.enum(["soup", "cake"]),
  vegan: z.boolean(),
  servings: z.int(),
  steps: z.array(z.object({ text: z.string(), minutes: z.int() })),
});

function used(call, args, text) {
  return { name: call, arguments: args, text };
}

async function all(stream) {
  const events = [];
  for await (const event of stream) events.push(event);
  return events;
}

function check(claim, what) {
  if (!claim) throw new Error(JSON.stringify(what));
}

class Chat {
  name = "openai-node, chat";
  notFound = OpenAI.NotFoundError;
  badRequest = OpenAI.BadRequestError;
  client = new OpenAI({ ...options, baseURL: `${origin}/v1` });
  tools = [{ type: "function", function: { name, description, parameters: schema, strict: true } }];

  ask(model, content, more = {}) {
    const messages = [{ role: "system", content: "Be brief." }, { role: "user", content }];
    return { model, messages, max_completion_tokens: most, ...more };
  }

  async plain(model, max_completion_tokens = most) {
    const ask = this.ask(model, asked.question, { max_completion_tokens });
    const { choices, usage } = await this.client.chat.completions.create(ask);
    return { text: choices[0].message.content, tokens: usage.completion_tokens };
  }

  async streamed(model) {
    const ask = this.ask(model, asked.question, { stream: true, stream_options: { include_usage: true } });
    const chunks = await all(await this.client.chat.completions.create(ask));
    const text = chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("");
    return { text, tokens: chunks.at(-1).usage.completion_tokens };
  }

  async tool(model) {
    const ask = this.ask(model, asked.call, { tools: this.tools });
    return this.answered(ask, (await this.client.chat.completions.create(ask)).choices[0].message);
  }

  async streamed_tool(model) {
    const ask = this.ask(model, asked.call, { tools: this.tools });
    const forced = { type: "function", function: { name } };
    const stream = this.client.chat.completions.stream({ ...ask, tool_choice: forced });
    let deltas = "";
    stream.on("tool_calls.function.arguments.delta", (event) => { deltas += event.arguments_delta; });
    const { message } = (await stream.finalChatCompletion()).choices[0];
    check(deltas === message.tool_calls[0].function.arguments, deltas);
    return this.answered(ask, message);
  }

  async answered(ask, message) {
    const [call] = message.tool_calls;
    const result = { role: "tool", tool_call_id: call.id, content: asked.result };
    const after = await this.client.chat.completions.create({ ...ask, messages: [...ask.messages, message, result] });
    return used(call.function.name, JSON.parse(call.function.arguments), after.choices[0].message.content);
  }

  async structured(model) {
    const ask = this.ask(model, asked.recipe, { response_format: zodResponseFormat(Recipe, "recipe") });
    return (await this.client.chat.completions.parse(ask)).choices[0].message.parsed;
  }

  async image(model) {
    const content = [{ type: "text", text: asked.look }, { type: "image_url", image_url: { url: pngUrl } }];
    return { text: (await this.client.chat.completions.create(this.ask(model, content))).choices[0].message.content };
  }

  async filtered(model) {
    const { choices } = await this.client.chat.completions.create(this.ask(model, asked.filtered));
    return { wanted: "content_filter", reason: choices[0].finish_reason };
  }
}

class Responses {
  name = "openai-node, responses";
  notFound = OpenAI.NotFoundError;
  badRequest = OpenAI.BadRequestError;
  client = new OpenAI({ ...options, baseURL: `${origin}/v1` });
  tools = [{ type: "function", name, description, parameters: schema, strict: true }];

  ask(model, content, more = {}) {
    return { model, instructions: "Be brief.", input: [{ role: "user", content }], max_output_tokens: most, ...more };
  }

  async plain(model, max_output_tokens = most) {
    const done = await this.client.responses.create(this.ask(model, asked.question, { max_output_tokens }));
    return { text: done.output_text, tokens: done.usage.output_tokens };
  }

  async streamed(model) {
    const events = await all(await this.client.responses.create(this.ask(model, asked.question, { stream: true })));
    const deltas = events.filter((event) => event.type === "response.output_text.delta");
    return { text: deltas.map((event) => event.delta).join(""), tokens: events.at(-1).response.usage.output_tokens };
  }

  async tool(model) {
    const ask = this.ask(model, asked.call, { tools: this.tools });
    const done = await this.client.responses.create(ask);
    return this.answered(done, (result) => ({ ...ask, input: [result], previous_response_id: done.id }));
  }

  async streamed_tool(model) {
    const ask = this.ask(model, asked.call, { tools: this.tools, store: false });
    const stream = this.client.responses.stream({ ...ask, tool_choice: { type: "function", name } });
    const events = await all(stream);
    const deltas = events.filter((event) => event.type === "response.function_call_arguments.delta");
    const done = await stream.finalResponse();
    const call = done.output.find((item) => item.type === "function_call");
    check(deltas.map((event) => event.delta).join("") === call.arguments, deltas);
    return this.answered(done, (result) => ({ ...ask, input: [...ask.input, ...done.output, result] }));
  }

  async answered(done, next) {
    const call = done.output.find((item) => item.type === "function_call");
    const result = { type: "function_call_output", call_id: call.call_id, output: asked.result };
    const after = await this.client.responses.create(next(result));
    return used(call.name, JSON.parse(call.arguments), after.output_text);
  }

  async structured(model) {
    const ask = this.ask(model, asked.recipe, { text: { format: zodTextFormat(Recipe, "recipe") } });
    return (await this.client.responses.parse(ask)).output_parsed;
  }

  async image(model) {
    const content = [
      { type: "input_text", text: asked.look },
      { type: "input_image", image_url: pngUrl, detail: "auto" },
    ];
    return { text: (await this.client.responses.create(this.ask(model, content))).output_text };
  }

  async filtered(model) {
    const done = await this.client.responses.create(this.ask(model, asked.filtered));
    return { wanted: "content_filter", reason: done.incomplete_details?.reason };
  }
}

class Messages {
  name = "anthropic-typescript";
  notFound = Anthropic.NotFoundError;
  badRequest = Anthropic.BadRequestError;
  client = new Anthropic({ ...options, baseURL: origin });
  tools = [{ name, description, input_schema: schema }];

  ask(model, content, more = {}) {
    return { model, system: "Be brief.", messages: [{ role: "user", content }], max_tokens: most, ...more };
  }

  async plain(model, max_tokens = most) {
    const done = await this.client.messages.create(this.ask(model, asked.question, { max_tokens }));
    return { text: done.content[0].text, tokens: done.usage.output_tokens };
  }

  async streamed(model) {
    const stream = this.client.messages.stream(this.ask(model, asked.question));
    let text = "";
    stream.on("text", (delta) => { text += delta; });
    return { tokens: (await stream.finalMessage()).usage.output_tokens, text };
  }

  async tool(model) {
    const ask = this.ask(model, asked.call, { tools: this.tools });
    return this.answered(ask, await this.client.messages.create(ask));
  }

  async streamed_tool(model) {
    const ask = this.ask(model, asked.call, { tools: this.tools });
    const stream = this.client.messages.stream({ ...ask, tool_choice: { type: "tool", name } });
    let deltas = "";
    stream.on("inputJson", (delta) => { deltas += delta; });
    const message = await stream.finalMessage();
    JSON.parse(deltas);
    return this.answered(ask, message);
  }

  async answered(ask, message) {
    const call = message.content.find((block) => block.type === "tool_use");
    check(message.stop_reason === "tool_use", message);
    const result = { type: "tool_result", tool_use_id: call.id, content: asked.result };
    const turns = [{ role: "assistant", content: message.content }, { role: "user", content: [result] }];
    const after = await this.client.messages.create({ ...ask, messages: [...ask.messages, ...turns] });
    return used(call.name, call.input, after.content[0].text);
  }

  async structured(model) {
    const ask = this.ask(model, asked.recipe, { output_config: { format: zodOutputFormat(Recipe) } });
    return (await this.client.messages.parse(ask)).parsed_output;
  }

  async image(model) {
    const source = { type: "base64", media_type: "image/png", data: asked.png };
    const content = [{ type: "image", source }, { type: "text", text: asked.look }];
    return { text: (await this.client.messages.create(this.ask(model, content))).content[0].text };
  }

  async filtered(model) {
    const done = await this.client.messages.create(this.ask(model, asked.filtered));
    return { wanted: "refusal", reason: done.stop_reason };
  }
}

/** The AI SDK with one of its providers. */
class AiSdk {
  // It has one class for all statuses.
  notFound = ai.APICallError;
  badRequest = ai.APICallError;
  refusesItself = true;
  note = "it refuses by itself what the others send to be refused";

  constructor(provider, model) {
    this.name = `ai-sdk, ${provider}`;
    this.model = model;
  }

  ask(model, content, more = {}) {
    const messages = [{ role: "user", content }];
    const patience = { maxRetries: 0, abortSignal: AbortSignal.timeout(options.timeout) };
    return { model: this.model(model), instructions: "Be brief.", messages, maxOutputTokens: most, ...patience, ...more };
  }

  async plain(model, maxOutputTokens = most) {
    const { text, usage } = await ai.generateText(this.ask(model, asked.question, { maxOutputTokens }));
    return { text, tokens: usage.outputTokens };
  }

  async streamed(model) {
    const stream = ai.streamText(this.ask(model, asked.question));
    return { text: (await all(stream.textStream)).join(""), tokens: (await stream.usage).outputTokens };
  }

  withTool(model) {
    const inputSchema = z.object({ city: z.string(), days: z.int() });
    const tool = ai.tool({ description, inputSchema, execute: async () => asked.result });
    return this.ask(model, asked.call, { tools: { [name]: tool }, stopWhen: ai.isStepCount(3) });
  }

  async tool(model) {
    const { steps, text } = await ai.generateText(this.withTool(model));
    return this.called(steps, text);
  }

  async streamed_tool(model) {
    const stream = ai.streamText(this.withTool(model));
    await stream.consumeStream();
    return this.called(await stream.steps, await stream.text);
  }

  called(steps, text) {
    const [call] = steps.flatMap((step) => step.toolCalls);
    return used(call.toolName, call.input, text);
  }

  async structured(model) {
    return (await ai.generateText(this.ask(model, asked.recipe, { output: ai.Output.object({ schema: Recipe }) }))).output;
  }

  async streamed_structured(model) {
    const stream = ai.streamText(this.ask(model, asked.recipe, { output: ai.Output.object({ schema: Recipe }) }));
    return (await all(stream.partialOutputStream)).at(-1);
  }

  async image(model) {
    const image = { type: "file", data: asked.png, mediaType: "image/png" };
    return { text: (await ai.generateText(this.ask(model, [{ type: "text", text: asked.look }, image]))).text };
  }

  async filtered(model) {
    const { finishReason } = await ai.generateText(this.ask(model, asked.filtered));
    return { wanted: "content-filter", reason: finishReason };
  }
}

async function failure(row, wanted, model, tokens) {
  const error = await row.plain(model, tokens).then((seen) => ({ answered: seen }), (error) => error);
  if (!(error instanceof Error)) return error;
  const status = error.status ?? error.statusCode;
  return { wanted: wanted.name, classes: error instanceof wanted ? [wanted.name] : [error.constructor.name], status,
    message: `${error.message}` };
}

const failures = {
  async unknown_model(row, model) {
    const [provider] = model.split("/");
    // Bedrock's own word for it is 400.
    const wanted = provider === "bedrock" ? row.badRequest : row.notFound;
    const nobodys = await failure(row, row.notFound, "no-such-model", most);
    return [nobodys, await failure(row, wanted, `${provider}/no-such-model`, most)];
  },
  async refused(row, model) {
    return [await failure(row, row.badRequest, model, 0)];
  },
};

const checks = ["plain", "streamed", "tool", "streamed_tool", "structured", "streamed_structured", "image", "filtered"];

async function tell(row, provider, model, check, seen) {
  const told = { client: row.name, provider, check, note: row.note };
  try {
    told.seen = await seen();
  } catch (error) {
    told.failed = `${error.stack.split("\n").find((line) => line.includes("sdks.mjs")) ?? ""}: ${error}`.trim();
  }
  console.log(JSON.stringify(told));
}

const openai = createOpenAI({ apiKey: key, baseURL: `${origin}/v1` });
const anthropic = createAnthropic({ apiKey: key, baseURL: `${origin}/v1` });
globalThis.AI_SDK_LOG_WARNINGS = false;
for (const row of [new Chat(), new Responses(), new Messages(), new AiSdk("openai", openai), new AiSdk("anthropic", anthropic)]) {
  for (const [provider, model] of Object.entries(asked.providers)) {
    for (const check of checks.filter((check) => row[check])) {
      await tell(row, provider, model, check, () => row[check](model));
    }
    for (const [check, fails] of Object.entries(failures)) {
      if (check === "refused" && row.refusesItself) continue;
      await tell(row, provider, model, check, () => fails(row, model));
    }
  }
}
