//! A provider that answers every request with the same bytes, as fast as it can.

use std::time::Duration;

use anyhow::Result;
use memchr::memmem;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Chunks of a stream.
const CHUNKS: usize = 50;
/// Between two chunks of a paced stream.
const PACE: Duration = Duration::from_millis(2);
/// The length of a whole answer, in bytes.
const WHOLE: usize = 800;

/// How answers come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// In one JSON document of 800 bytes.
    Whole,
    /// As a stream of 50 chunks in one write.
    Burst,
    /// As a stream of 50 chunks, one every 2 ms.
    Paced,
}

/// Which provider is imitated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Anthropic,
    OpenAi,
}

impl Kind {
    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Whole, Self::Burst, Self::Paced].into_iter().find(|kind| kind.name() == name)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Burst => "burst",
            Self::Paced => "paced",
        }
    }

    pub(crate) fn told(self) -> &'static str {
        match self {
            Self::Whole => "800-byte answer",
            Self::Burst => "50 chunks in one write",
            Self::Paced => "50 chunks, paced",
        }
    }
}

impl Dialect {
    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Anthropic, Self::OpenAi].into_iter().find(|dialect| dialect.name() == name)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Anthropic => "anthropic",
            Self::OpenAi => "openai",
        }
    }

    /// A model of this provider's.
    pub(crate) fn model(self) -> &'static str {
        match self {
            Self::Anthropic => "claude-haiku-5-5",
            Self::OpenAi => "gpt-5-mini",
        }
    }

    /// What the last event of a stream holds.
    pub(crate) fn last_event(self) -> &'static str {
        match self {
            Self::Anthropic => "event: message_stop",
            Self::OpenAi => "data: [DONE]",
        }
    }

    fn whole(self) -> String {
        let with = |text: &str| match self {
            Self::Anthropic => format!(
                r#"{{"id":"msg_01","type":"message","role":"assistant","model":"claude-haiku-5-5","content":[{{"type":"text","text":"{text}"}}],"stop_reason":"end_turn","stop_sequence":null,"usage":{{"input_tokens":120,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":90}}}}"#
            ),
            Self::OpenAi => format!(
                r#"{{"id":"chatcmpl-1","object":"chat.completion","created":1767225600,"model":"gpt-5-mini","choices":[{{"index":0,"message":{{"role":"assistant","content":"{text}"}},"finish_reason":"stop"}}],"usage":{{"prompt_tokens":120,"completion_tokens":90,"total_tokens":210}}}}"#
            ),
        };
        with(&"a".repeat(WHOLE - with("").len()))
    }

    /// The events of a stream, 50 of them with text, each as one HTTP chunk.
    fn events(self) -> Vec<String> {
        let mut events = Vec::new();
        match self {
            Self::Anthropic => {
                events.push("event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_01\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude-haiku-5-5\",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{\"input_tokens\":120,\"output_tokens\":1}}}\n\nevent: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n".to_owned());
                events.extend((0..CHUNKS).map(|n| format!("event: content_block_delta\ndata: {{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{{\"type\":\"text_delta\",\"text\":\" token {n}\"}}}}\n\n")));
                events.push("event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\nevent: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":50}}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n".to_owned());
            }
            Self::OpenAi => {
                let chunk = |delta: &str, rest: &str| {
                    format!(
                        "data: {{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1767225600,\"model\":\"gpt-5-mini\",\"choices\":[{{\"index\":0,\"delta\":{delta},\"finish_reason\":{rest}}}],\"usage\":null}}\n\n"
                    )
                };
                events.push(chunk("{\"role\":\"assistant\",\"content\":\"\"}", "null"));
                events.extend((0..CHUNKS).map(|n| chunk(&format!("{{\"content\":\" token {n}\"}}"), "null")));
                events.push(chunk("{}", "\"stop\"") + "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1767225600,\"model\":\"gpt-5-mini\",\"choices\":[],\"usage\":{\"prompt_tokens\":120,\"completion_tokens\":50,\"total_tokens\":170}}\n\ndata: [DONE]\n\n");
            }
        }
        events.iter().map(|event| format!("{:x}\r\n{event}\r\n", event.len())).collect()
    }
}

/// Serves on a free port, which it prints, until it is killed.
pub(crate) async fn serve(kind: Kind, dialect: Dialect) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listens on http://{}", listener.local_addr()?);
    let writes: &'static [Vec<u8>] = writes(kind, dialect).leak();
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(async move { answer_all(stream, writes).await.ok() });
    }
}

/// An answer as the writes in which it goes out.
fn writes(kind: Kind, dialect: Dialect) -> Vec<Vec<u8>> {
    let stream_head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nrequest-id: req_1\r\ntransfer-encoding: chunked\r\n\r\n";
    let end = "0\r\n\r\n";
    match kind {
        Kind::Whole => {
            let body = dialect.whole();
            let length = body.len();
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nrequest-id: req_1\r\ncontent-length: {length}\r\n\r\n"
            );
            vec![(head + &body).into_bytes()]
        }
        Kind::Burst => vec![format!("{stream_head}{}{end}", dialect.events().concat()).into_bytes()],
        Kind::Paced => {
            let mut writes = dialect.events();
            writes[0].insert_str(0, stream_head);
            writes.last_mut().expect("there are events").push_str(end);
            writes.into_iter().map(String::into_bytes).collect()
        }
    }
}

async fn answer_all(mut stream: TcpStream, writes: &'static [Vec<u8>]) -> Result<()> {
    let mut received = Vec::with_capacity(16 * 1024);
    loop {
        while !is_whole(&received) {
            if stream.read_buf(&mut received).await? == 0 {
                return Ok(());
            }
        }
        received.clear();
        let mut pace = tokio::time::interval(PACE);
        for (number, write) in writes.iter().enumerate() {
            if number > 0 {
                pace.tick().await;
            }
            stream.write_all(write).await?;
        }
    }
}

/// Whether a request is there to its end. Proxies do not pipeline, so that nothing follows it.
fn is_whole(received: &[u8]) -> bool {
    let Some(head) = memmem::find(received, b"\r\n\r\n") else { return false };
    let length = std::str::from_utf8(&received[..head]).ok().and_then(|head| {
        let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with("content-length:"))?;
        line.split_once(':')?.1.trim().parse::<usize>().ok()
    });
    received.len() >= head + 4 + length.unwrap_or(0)
}
