//! Embeddings: OpenAI's endpoint towards clients, and the shapes of the providers that have their own (Gemini's
//! `batchEmbedContents`, Cohere's `/v2/embed`).
//!
//! Vectors pass as numbers in one form; nothing is computed on them.

mod answer;
mod cohere;
mod gemini;
mod openai;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use bytes::Bytes;
use paceway_domain::{Dialect, Refusal, Usage};

use crate::changes::Changes;
use crate::envelope::Envelope;
use crate::neutral::Text;

/// A request for embeddings.
#[derive(Debug, Clone, PartialEq)]
pub struct Embed<'a> {
    /// The model asked for, as the client wrote it.
    pub model: Text<'a>,
    /// What is to be embedded, each on its own; not empty.
    pub inputs: Inputs<'a>,
    /// How many numbers a vector is to have; `None`: as many as the model gives.
    pub dimensions: Option<u32>,
    /// How the client wants its vectors.
    pub encoding: Encoding,
    /// Who the end user is, as an opaque name.
    pub user: Option<Text<'a>>,
}

/// What is to be embedded.
#[derive(Debug, Clone, PartialEq)]
pub enum Inputs<'a> {
    /// Texts.
    Texts(Vec<Text<'a>>),
    /// Texts as the numbers of their tokens, which only the same tokenizer can read.
    Tokens(Vec<Vec<u32>>),
}

impl Inputs<'_> {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Texts(texts) => texts.len(),
            Self::Tokens(lists) => lists.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// How vectors are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// As numbers.
    #[default]
    Float,
    /// As base64 of 32-bit floats, least byte first.
    Base64,
}

/// Vectors, in the order of the inputs.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Embedded {
    /// The model that made them; may be empty.
    pub model: String,
    /// One for each input.
    pub vectors: Vec<Vec<f32>>,
    /// What it used.
    pub usage: Usage,
}

/// Reads a client's request in OpenAI's shape. What has no counterpart is noted.
///
/// # Errors
/// [`Refusal::InvalidField`] for what is missing or of the wrong type.
pub fn read<'a>(envelope: &Envelope<'a>, changes: &mut Changes) -> Result<Embed<'a>, Refusal> {
    openai::read(envelope, changes)
}

/// Writes a request for a provider of this dialect. What the provider has no place for is noted.
///
/// # Errors
/// [`Refusal::Unsupported`] for tokens instead of texts where the provider takes only texts, and for a dialect without
/// embeddings.
pub fn write(
    embed: &Embed<'_>,
    dialect: Dialect,
    model: &str,
    changes: &mut Changes,
) -> Result<Bytes, Refusal> {
    match dialect {
        Dialect::OpenAi | Dialect::Responses => Ok(openai::write(embed, model)),
        Dialect::Gemini => gemini::write(embed, model, changes),
        Dialect::Cohere => cohere::write(embed, model, changes),
        Dialect::Anthropic | Dialect::Converse => Err(Refusal::Unsupported {
            field: "model".into(),
            why: format!("the API of `{dialect}` has no embeddings: choose a model of another provider"),
        }),
    }
}

/// Reads a provider's answer.
///
/// # Errors
/// What is wrong with it, as a sentence.
pub fn read_answer(dialect: Dialect, body: &[u8]) -> Result<Embedded, String> {
    let embedded = match dialect {
        Dialect::OpenAi | Dialect::Responses => openai::read_answer(body),
        Dialect::Gemini => gemini::read_answer(body),
        Dialect::Cohere => cohere::read_answer(body),
        Dialect::Anthropic | Dialect::Converse => Err(format!("the API of `{dialect}` has no embeddings")),
    }?;
    // JSON has no other numbers: they would be written as null.
    if embedded.vectors.iter().flatten().any(|number| !number.is_finite()) {
        return Err("an embedding holds a number that is not finite in 32 bits".into());
    }
    Ok(embedded)
}

/// Writes an answer in OpenAI's shape, its vectors as the client wanted them. A model without a name is the one asked for.
pub fn write_answer(embedded: &Embedded, embed: &Embed<'_>) -> Bytes {
    answer::write(embedded, &embed.model, embed.encoding)
}

/// The texts of a request for a provider that takes nothing else.
fn texts<'e, 'a>(embed: &'e Embed<'a>) -> Result<&'e [Text<'a>], Refusal> {
    match &embed.inputs {
        Inputs::Texts(texts) => Ok(texts),
        Inputs::Tokens(_) => Err(Refusal::Unsupported {
            field: "input".into(),
            why: "this provider's API embeds texts, not the numbers of tokens: send strings".into(),
        }),
    }
}
