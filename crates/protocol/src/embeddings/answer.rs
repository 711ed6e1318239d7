//! Answers in OpenAI's shape, written.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use super::{Embedded, Encoding};
use crate::compose;

pub(super) fn write(embedded: &Embedded, asked_for: &str, encoding: Encoding) -> Bytes {
    let numbers: usize = embedded.vectors.iter().map(Vec::len).sum();
    let bytes_each = if encoding == Encoding::Base64 { 6 } else { 14 };
    let mut out = Vec::with_capacity(numbers * bytes_each + embedded.vectors.len() * 64 + 256);
    compose::object(&mut out, |body| {
        body.field("object", "list").array("data", |data| {
            for (index, vector) in embedded.vectors.iter().enumerate() {
                data.object(|entry| {
                    entry.field("object", "embedding").field("index", &index);
                    match encoding {
                        Encoding::Float => entry.field("embedding", vector),
                        Encoding::Base64 => entry.field("embedding", &base64_of(vector)),
                    };
                });
            }
        });
        body.field("model", if embedded.model.is_empty() { asked_for } else { &embedded.model });
        let input = embedded.usage.input_total();
        body.object("usage", |usage| {
            usage.field("prompt_tokens", &input).field("total_tokens", &input);
        });
    });
    out.into()
}

fn base64_of(vector: &[f32]) -> String {
    let bytes: Vec<u8> = vector.iter().flat_map(|number| number.to_le_bytes()).collect();
    STANDARD.encode(bytes)
}
