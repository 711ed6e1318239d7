//! One call over a socket of its own, timed to the first byte of what was generated.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use memchr::memmem;

/// What came back.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Of the response; names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// When the first byte came that is not a sign of life.
    pub(crate) first: Option<Instant>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether it is an answer from its beginning to its end.
    pub(crate) fn is_success(&self, is_streamed: bool) -> bool {
        let has = |what: &str| memmem::find(&self.body, what.as_bytes()).is_some();
        self.status == 200
            && (!is_streamed || (has("message_stop") || has("data: [DONE]")) && !has("event: error"))
    }

    /// The input tokens that the provider charged, by its own account.
    pub(crate) fn input_tokens(&self) -> Option<u64> {
        ["\"input_tokens\":", "\"prompt_tokens\":"].iter().find_map(|name| {
            let rest = &self.body[memmem::find(&self.body, name.as_bytes())? + name.len()..];
            let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            std::str::from_utf8(&rest[..digits]).ok()?.parse().ok()
        })
    }
}

/// Sends a request that asks for its connection to be closed, and reads the answer to its end.
pub(crate) async fn call(address: SocketAddr, request: &[u8], is_streamed: bool) -> io::Result<Answer> {
    let mut answer = Answer::default();
    receive(address, request, is_streamed, Duration::MAX, &mut answer).await.map(|()| answer)
}

/// The same, with what came of the answer even if it broke off. No byte is waited for longer than `patience`.
pub(crate) async fn receive(
    address: SocketAddr,
    request: &[u8],
    is_streamed: bool,
    patience: Duration,
    answer: &mut Answer,
) -> io::Result<()> {
    let mut stream = timeout(patience, TcpStream::connect(address)).await??;
    stream.set_nodelay(true)?;
    stream.write_all(request).await?;
    let mut received = Vec::with_capacity(8 * 1024);
    let mut framing = None;
    loop {
        let count = timeout(patience, stream.read_buf(&mut received)).await??;
        if framing.is_none()
            && let Some(end) = memmem::find(&received, b"\r\n\r\n")
        {
            framing = Some(read_head(&received[..end], answer)?);
            received.drain(..end + 4);
        }
        let is_whole = match framing {
            None => false,
            Some(Framing::Chunked) => take_chunks(&mut received, &mut answer.body)?,
            Some(Framing::Length(length)) => {
                answer.body.append(&mut received);
                answer.body.len() >= length
            }
        };
        if answer.first.is_none() && framing.is_some() && is_begun(answer, is_streamed) {
            answer.first = Some(Instant::now());
        }
        if is_whole {
            return Ok(());
        }
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// Pings and comments may come before what was generated.
fn is_begun(answer: &Answer, is_streamed: bool) -> bool {
    let has = |what: &str| memmem::find(&answer.body, what.as_bytes()).is_some();
    !answer.body.is_empty() && (!is_streamed || has("message_start") || has("\"choices\":"))
}

#[derive(Debug, Clone, Copy)]
enum Framing {
    Chunked,
    Length(usize),
}

fn wrong(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

fn read_head(head: &[u8], answer: &mut Answer) -> io::Result<Framing> {
    let head = std::str::from_utf8(head).map_err(|_| wrong("head is not text"))?;
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
    answer.status = status.ok_or_else(|| wrong("no status"))?;
    answer.headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    if answer.status == 204 {
        return Ok(Framing::Length(0));
    }
    if answer.header("transfer-encoding") == Some("chunked") {
        return Ok(Framing::Chunked);
    }
    let length = answer.header("content-length").and_then(|length| length.parse().ok());
    length.map(Framing::Length).ok_or_else(|| wrong("no length"))
}

/// Moves the chunks that are whole into the body; true after the last one.
fn take_chunks(received: &mut Vec<u8>, body: &mut Vec<u8>) -> io::Result<bool> {
    let mut at = 0;
    let is_last = loop {
        let Some(end) = memmem::find(&received[at..], b"\r\n") else { break false };
        let size = std::str::from_utf8(&received[at..at + end]).ok();
        let size = size.and_then(|size| usize::from_str_radix(size.trim(), 16).ok());
        let size = size.ok_or_else(|| wrong("no chunk size"))?;
        let from = at + end + 2;
        if received.len() < from + size + 2 {
            break false;
        }
        body.extend_from_slice(&received[from..from + size]);
        at = from + size + 2;
        if size == 0 {
            break true;
        }
    };
    received.drain(..at);
    Ok(is_last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_joined_wherever_they_are_cut() {
        let whole = b"4\r\nmess\r\n7\r\nage_sto\r\n1\r\np\r\n0\r\n\r\n";
        for cut in 0..whole.len() {
            let (mut received, mut body) = (whole[..cut].to_vec(), Vec::new());
            assert!(!take_chunks(&mut received, &mut body).unwrap_or(true), "cut at {cut}");
            received.extend_from_slice(&whole[cut..]);
            assert!(take_chunks(&mut received, &mut body).unwrap_or(false), "cut at {cut}");
            assert_eq!(body, b"message_stop");
        }
    }

    #[test]
    fn a_ping_is_no_beginning_of_an_answer() {
        let ping =
            Answer { body: b"event: ping\ndata: {\"type\": \"ping\"}\n\n".to_vec(), ..Answer::default() };
        assert!(!is_begun(&ping, true));
    }

    #[test]
    fn an_error_within_a_stream_is_no_success() {
        let body = b"event: message_start\n\nevent: error\ndata: {}\n\n".to_vec();
        assert!(!Answer { status: 200, body, ..Answer::default() }.is_success(true));
    }
}
