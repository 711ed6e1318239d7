//! Amazon's framing of streams: `application/vnd.amazon.eventstream`.
//!
//! Source: smithy.io/2.0/aws/amazon-eventstream.html, read 2026-10. Only headers that are texts are written.

use bytes::Bytes;
use serde_json::Value;

use crate::exchange::Chunk;

/// The media type of such a stream.
pub(crate) const MEDIA_TYPE: &str = "application/vnd.amazon.eventstream";
/// The type of a header that is a text.
const TEXT: u8 = 7;
/// The prelude, its checksum and the checksum of the whole, in bytes.
const FRAME: usize = 16;

/// An event of this type.
pub(crate) fn event(kind: &str, payload: &Value) -> Chunk {
    message(
        &[(":event-type", kind), (":content-type", "application/json"), (":message-type", "event")],
        payload,
    )
}

/// An exception of this type, after which nothing comes.
pub(crate) fn exception(kind: &str, payload: &Value) -> Chunk {
    let headers =
        [(":exception-type", kind), (":content-type", "application/json"), (":message-type", "exception")];
    message(&headers, payload)
}

fn message(headers: &[(&str, &str)], payload: &Value) -> Chunk {
    let mut block = Vec::new();
    for (name, value) in headers {
        block.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
        block.extend(name.as_bytes());
        block.push(TEXT);
        block.extend(u16::try_from(value.len()).unwrap_or(u16::MAX).to_be_bytes());
        block.extend(value.as_bytes());
    }
    let payload = payload.to_string();
    let length = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX).to_be_bytes();
    let mut frame = Vec::with_capacity(FRAME + block.len() + payload.len());
    frame.extend(length(FRAME + block.len() + payload.len()));
    frame.extend(length(block.len()));
    frame.extend(crc32fast::hash(&frame).to_be_bytes());
    frame.extend(block);
    frame.extend(payload.as_bytes());
    frame.extend(crc32fast::hash(&frame).to_be_bytes());
    Chunk { bytes: Bytes::from(frame), tokens: 0 }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_frame_has_its_lengths_and_checksums() {
        let frame = event("chunk", &json!({})).bytes;
        let number = |at: usize| u32::from_be_bytes([frame[at], frame[at + 1], frame[at + 2], frame[at + 3]]);
        assert_eq!(number(0) as usize, frame.len());
        assert_eq!(number(8), crc32fast::hash(&frame[..8]));
        assert_eq!(number(frame.len() - 4), crc32fast::hash(&frame[..frame.len() - 4]));
        assert_eq!(&frame[12 + number(4) as usize..frame.len() - 4], b"{}");
    }
}
