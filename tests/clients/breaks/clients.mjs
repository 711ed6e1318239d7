// The SDKs in TypeScript, shown every stream of breaks.json that breaks: a line of JSON for what each saw, as in clients.py.
//
// Usage: node clients.mjs ADDRESS KEY SANDBOX, beside the packages of ../package.json.

import fs from "node:fs";

import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogle } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import Anthropic from "@anthropic-ai/sdk";
import { GoogleGenAI } from "@google/genai";
import * as ai from "ai";
import OpenAI from "openai";
import { z } from "zod";

const [address, key, sandbox] = process.argv.slice(2);
const breaks = JSON.parse(fs.readFileSync(new URL("breaks.json", import.meta.url), "utf8"));
const { name, description, schema } = breaks.tool;
const inputSchema = z.object({ city: z.string(), days: z.int() });
const most = 4000;
const thoughts = 1024;
const patience = 20_000;
const options = { apiKey: key, maxRetries: 0, timeout: patience };
const gpt = new OpenAI({ ...options, baseURL: `${address}/v1` });
const claude = new Anthropic({ ...options, baseURL: address });
const gemini = new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: address, timeout: patience } });
globalThis.AI_SDK_LOG_WARNINGS = false;

/** What a client was shown so far. `order` has a word for each thing; `calls` are those that are whole to the client. */
class Seen {
  text = "";
  thoughts = "";
  calls = [];
  order = [];
  finish = null;
  tokens = null;
  usages = 0;

  said(text) {
    if (!text) return;
    this.text += text;
    this.order.push("text");
  }

  thought(text) {
    if (!text) return;
    this.thoughts += text;
    this.order.push("thought");
  }

  used(given, made) {
    this.usages += 1;
    this.tokens = [given, made];
  }
}

function check(claim, what) {
  if (!claim) throw new Error(`the SDK's own view differs: ${JSON.stringify(what)}`);
}

async function chat(model, shape, prompt, seen) {
  const ask = { model, messages: [{ role: "user", content: prompt }], max_completion_tokens: most,
    stream_options: { include_usage: true } };
  if (shape === "call") ask.tools = [{ type: "function", function: { name, description, parameters: schema, strict: true } }];
  if (shape === "thoughts") ask.reasoning_effort = "low";
  const stream = gpt.chat.completions.stream(ask);
  stream.on("chunk", ({ choices, usage }) => {
    for (const { delta, finish_reason } of choices) {
      if (delta.role) seen.order.push("role");
      seen.thought(delta.reasoning_content);
      seen.said(delta.content);
      for (const _ of delta.tool_calls ?? []) seen.order.push("call");
      if (finish_reason) seen.order.push("finish");
    }
    if (usage) {
      seen.order.push("usage");
      seen.used(usage.prompt_tokens, usage.completion_tokens);
    }
  });
  stream.on("tool_calls.function.arguments.done", (call) => {
    seen.calls.push({ name: call.name, arguments: call.arguments });
  });
  const { message, finish_reason } = (await stream.finalChatCompletion()).choices[0];
  check((message.content ?? "") === seen.text, message);
  seen.finish = finish_reason;
}

function asked(model, shape, prompt) {
  const ask = { model, input: prompt, max_output_tokens: most };
  if (shape === "call") ask.tools = [{ type: "function", name, description, parameters: schema, strict: true }];
  if (shape === "thoughts") ask.reasoning = { effort: "low", summary: "auto" };
  return ask;
}

function event(event, number, seen) {
  seen.order.push(event.type.replace(/^response\./, ""));
  if (event.sequence_number !== number) seen.order.push(`number ${event.sequence_number}`);
  if (event.type === "response.output_text.delta") seen.text += event.delta;
  if (event.type === "response.reasoning_summary_text.delta") seen.thoughts += event.delta;
  if (event.type === "response.output_item.done" && event.item.type === "function_call") {
    seen.calls.push({ name: event.item.name, arguments: event.item.arguments });
  }
}

function ended(whole, seen) {
  if (whole.status === "failed") throw new OpenAI.APIError(undefined, whole.error, whole.error.message, undefined);
  check(whole.output_text === undefined || whole.output_text === seen.text, whole);
  seen.finish = whole.status;
  seen.used(whole.usage.input_tokens, whole.usage.output_tokens);
}

async function responses(model, shape, prompt, seen) {
  let number = 0;
  let whole;
  for await (const one of await gpt.responses.create({ ...asked(model, shape, prompt), stream: true })) {
    event(one, number, seen);
    number += 1;
    whole = one.response ?? whole;
  }
  check(["completed", "failed", "incomplete"].includes(whole?.status), seen.order.at(-1));
  ended(whole, seen);
}

async function responsesHelper(model, shape, prompt, seen) {
  const stream = gpt.responses.stream(asked(model, shape, prompt));
  let number = 0;
  stream.on("event", (one) => {
    event(one, number, seen);
    number += 1;
  });
  ended(await stream.finalResponse(), seen);
}

async function messages(model, shape, prompt, seen) {
  const ask = { model, max_tokens: most, messages: [{ role: "user", content: prompt }] };
  if (shape === "call") ask.tools = [{ name, description, input_schema: schema }];
  if (shape === "thoughts") ask.thinking = { type: "enabled", budget_tokens: thoughts };
  const stream = claude.messages.stream(ask);
  stream.on("streamEvent", (event) => {
    const { type, index, content_block: block, delta } = event;
    const more = { content_block_start: `start ${index} ${block?.type}`, content_block_delta: `delta ${index} ${delta?.type}`,
      content_block_stop: `stop ${index}` };
    seen.order.push(more[type] ?? type);
  });
  stream.on("text", (delta) => { seen.text += delta; });
  stream.on("thinking", (delta) => { seen.thoughts += delta; });
  stream.on("contentBlock", (block) => {
    if (block.type === "tool_use") seen.calls.push({ name: block.name, arguments: block.input });
  });
  const { content, stop_reason, usage } = await stream.finalMessage();
  check(content.filter((block) => block.type === "text").map((block) => block.text).join("") === seen.text, content);
  seen.finish = stop_reason;
  seen.used(usage.input_tokens, usage.output_tokens);
}

async function content(model, shape, prompt, seen) {
  const config = { maxOutputTokens: most };
  if (shape === "call") config.tools = [{ functionDeclarations: [{ name, description, parametersJsonSchema: schema }] }];
  if (shape === "thoughts") config.thinkingConfig = { includeThoughts: true, thinkingBudget: thoughts };
  let used;
  for await (const chunk of await gemini.models.generateContentStream({ model, contents: prompt, config })) {
    for (const candidate of chunk.candidates ?? []) {
      for (const { functionCall, thought, text } of candidate.content?.parts ?? []) {
        if (functionCall) {
          seen.order.push("call");
          seen.calls.push({ name: functionCall.name, arguments: functionCall.args });
        } else if (thought) seen.thought(text);
        else seen.said(text);
      }
      if (candidate.finishReason) {
        seen.order.push("finish");
        seen.finish = candidate.finishReason;
      }
    }
    used = chunk.usageMetadata ?? used;
  }
  // Gemini tells it again and again, and the last one counts.
  seen.used(used.promptTokenCount, used.candidatesTokenCount);
}

/** The AI SDK with one of its providers. */
function aiSdk(provider, providerOptions) {
  return async (model, shape, prompt, seen) => {
    const abortSignal = AbortSignal.timeout(patience);
    const ask = { model: provider(model), prompt, maxRetries: 0, abortSignal, onError: () => {} };
    if (shape === "call") ask.tools = { [name]: ai.tool({ description, inputSchema }) };
    if (shape === "thoughts") ask.providerOptions = providerOptions;
    const stream = ai.streamText(ask);
    let failure;
    for await (const part of stream.fullStream) {
      const word = { "text-delta": "text", "reasoning-delta": "thought", "tool-input-delta": "call" }[part.type];
      seen.order.push(word ?? part.type);
      if (part.type === "text-delta") seen.text += part.text;
      if (part.type === "reasoning-delta") seen.thoughts += part.text;
      // What does not fit the schema is marked, and not run.
      if (part.type === "tool-call" && !part.invalid) seen.calls.push({ name: part.toolName, arguments: part.input });
      if (part.type === "error") failure ??= part.error;
    }
    if (failure) throw told(failure);
    check((await stream.text) === seen.text, await stream.text);
    seen.finish = await stream.finishReason;
    const usage = await stream.usage;
    seen.used(usage.inputTokens, usage.outputTokens);
  };
}

/** The AI SDK hands on as it is what a provider says in a stream. */
function told(error) {
  if (error instanceof Error) return error;
  const message = typeof error === "string" ? error : error?.message ?? error?.error?.message ?? JSON.stringify(error);
  return Object.assign(new Error(message), { name: "ProviderSaid" });
}

const byOpenAI = createOpenAI({ apiKey: key, baseURL: `${address}/v1` });
const byAnthropic = createAnthropic({ apiKey: key, baseURL: `${address}/v1` });
const byGoogle = createGoogle({ apiKey: key, baseURL: `${address}/v1beta` });
const effort = { openai: { reasoningEffort: "low", reasoningSummary: "auto", forceReasoning: true } };
const clients = {
  "openai-node, chat": chat,
  "openai-node, responses": responses,
  "openai-node, responses helper": responsesHelper,
  "anthropic-typescript": messages,
  "google-genai-js": content,
  "ai-sdk, openai chat": aiSdk((model) => byOpenAI.chat(model), effort),
  "ai-sdk, openai responses": aiSdk((model) => byOpenAI.responses(model), effort),
  "ai-sdk, anthropic": aiSdk(byAnthropic, { anthropic: { thinking: { type: "enabled", budgetTokens: thoughts } } }),
  "ai-sdk, google": aiSdk(byGoogle, { google: { thinkingConfig: { includeThoughts: true, thinkingBudget: thoughts } } }),
};

async function sent() {
  const { calls, streamed } = await (await fetch(`${sandbox}/sandbox/stats`)).json();
  return [calls, streamed];
}

function classes(error) {
  const names = [error.name];
  for (let one = error.constructor; one?.name; one = Object.getPrototypeOf(one)) names.push(one.name);
  return names;
}

/** What a client sees of a stream that these faults befall, and how many calls and events it took. */
async function show(client, model, shape, next) {
  const body = JSON.stringify({ ...breaks.settings, faults: { next } });
  const headers = { "content-type": "application/json" };
  const put = await fetch(`${sandbox}/sandbox/settings`, { method: "PUT", headers, body });
  if (!put.ok) throw new Error(await put.text());
  const seen = new Seen();
  const [calls, events] = await sent();
  const told = { seen };
  try {
    await client(model, shape, breaks.shapes[shape].prompt, seen);
  } catch (error) {
    told.error = { classes: classes(error), message: `${error.message}` };
  }
  const [callsAfter, eventsAfter] = await sent();
  return { ...told, calls: callsAfter - calls, events: eventsAfter - events };
}

/** Cuts at every event, as in clients.py. */
async function tell(client, provider, shape) {
  const slug = (model) => model.split("/")[0];
  const slugs = Object.values(breaks.providers).map(slug);
  const first = slug(breaks.providers[provider]);
  const say = (told) => console.log(JSON.stringify({ client, provider, shape, ...told }));
  const whole = await show(clients[client], `only-${first}`, shape, []);
  say({ way: null, ...whole });
  const last = whole.events + 1;
  for (const way of breaks.shapes[shape].ways ?? Object.keys(breaks.ways)) {
    const { continues, faults, providers, places } = breaks.ways[way];
    if (providers && !providers.includes(provider)) continue;
    for (const place of places ?? Array(last + 1).keys()) {
      const model = continues ? `${first}-then-${slugs[place % slugs.length]}` : `only-${first}`;
      const again = (place * 7 + 3) % last;
      const struck = faults.map((fault) => fault.replace("K", place).replace("J", again));
      const told = await show(clients[client], model, shape, struck);
      say({ way, place, last: place === last, model, ...told });
    }
  }
}

for (const client of Object.keys(clients)) {
  for (const provider of Object.keys(breaks.providers)) {
    for (const [shape, { providers }] of Object.entries(breaks.shapes)) {
      if (!providers || providers.includes(provider)) await tell(client, provider, shape);
    }
  }
}
