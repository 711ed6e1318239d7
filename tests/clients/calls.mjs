// The same calls with the official TypeScript SDKs, told as JSON: everything that a client can see.
//
// Usage: node calls.mjs same|cross ORIGIN KEY, as calls.py.

import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";

const [mode, origin, key] = process.argv.slice(2);
const same = mode === "same";
const [claude, gpt] = same ? ["claude-sonnet-5-5", "gpt-5-mini"] : ["gpt-5-mini", "claude-sonnet-5-5"];
const system = "You answer in plain sentences.";
const turns = [
  { role: "user", content: "What is a token bucket?" },
  { role: "assistant", content: "A bucket that refills." },
  { role: "user", content: "And naïvely, with 日本語 and 🌊?" },
];
const told = [];

function tell(call, seen, response) {
  told.push({ call, seen, headers: response ? Object.fromEntries(response.headers) : {} });
}

async function all(stream) {
  const events = [];
  for await (const event of stream) events.push(event);
  return events;
}

async function fails(call, Client, asking) {
  const error = await asking.then(() => undefined, (error) => error);
  if (!(error instanceof Client.APIError) || !error.status) throw error ?? new Error(`${call} did not fail`);
  const { status, error: body, requestID } = error;
  tell(call, { class: error.constructor.name, status, body, requestID }, { headers: error.headers });
}

async function anthropicCalls() {
  const client = new Anthropic({ apiKey: key, baseURL: origin, maxRetries: 0 });
  const ask = { model: claude, max_tokens: 300, system, messages: turns };

  const created = await client.messages.create(ask).withResponse();
  tell("anthropic-js create", created.data, created.response);
  tell("anthropic-js stop sequence", await client.messages.create({ ...ask, stop_sequences: ["e"] }));
  const streamed = await client.messages.create({ ...ask, stream: true }).withResponse();
  tell("anthropic-js stream", await all(streamed.data), streamed.response);
  tell("anthropic-js stream helper", await client.messages.stream(ask).finalMessage());
  if (!same) return;
  tell("anthropic-js count_tokens", await client.messages.countTokens({ model: claude, system, messages: turns }));
  tell("anthropic-js beta", await client.beta.messages.create({ ...ask, betas: ["unheard-of-2031-01-01"] }));
  await fails("anthropic-js unknown model", Anthropic, client.messages.create({ ...ask, model: "claude-none" }));
  for (const fault of ["500", "529"]) {
    // An overload is waited out as long as the client's patience lasts.
    const headers = { "x-sandbox-fault": fault, "x-paceway-timeout": "0.3" };
    const asking = client.messages.create(ask, { headers });
    await fails(`anthropic-js ${fault}`, Anthropic, asking);
  }
}

async function openaiCalls() {
  const client = new OpenAI({ apiKey: key, baseURL: `${origin}/v1`, maxRetries: 0 });
  const messages = [{ role: "system", content: system }, ...turns];
  const ask = { model: gpt, messages, max_completion_tokens: 300 };

  const created = await client.chat.completions.create(ask).withResponse();
  tell("openai-js create", created.data, created.response);
  tell("openai-js stop", await client.chat.completions.create({ ...ask, stop: ["e"] }));
  for (const more of [{}, { stream_options: { include_usage: true } }]) {
    const streamed = await client.chat.completions.create({ ...ask, ...more, stream: true }).withResponse();
    tell(`openai-js stream ${JSON.stringify(more)}`, await all(streamed.data), streamed.response);
  }
  tell("openai-js stream helper", await client.chat.completions.stream(ask).finalChatCompletion());
  if (!same) return;
  await fails("openai-js unknown model", OpenAI, client.chat.completions.create({ ...ask, model: "gpt-none" }));
  const asking = client.chat.completions.create(ask, { headers: { "x-sandbox-fault": "500" } });
  await fails("openai-js 500", OpenAI, asking);
}

await anthropicCalls();
await openaiCalls();
process.stdout.write(JSON.stringify(told, null, 1));
