//! What a request needs of a model, against what the catalogue knows of it.
//!
//! Only what is known to be lacking rules a model out: what the catalogue does not say is allowed, since tables are always
//! behind and the provider has the last word.

use std::fmt;

use paceway_domain::Tokens;
use paceway_domain::catalogue::Profile;

/// What a request needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(clippy::struct_excessive_bools)] // Each is an independent claim about one request.
pub struct Needs {
    /// It holds images.
    pub vision: bool,
    /// It holds documents (PDF).
    pub documents: bool,
    /// It holds sound.
    pub audio: bool,
    /// It offers tools.
    pub tools: bool,
    /// It asks for an answer by a schema.
    pub structured_output: bool,
    /// The estimated prompt.
    pub input: Tokens,
    /// The longest answer that it asks for; `None`: not said.
    pub max_output: Option<Tokens>,
}

/// What a model lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lack {
    /// It takes no images.
    Vision,
    /// It takes no documents.
    Documents,
    /// It takes no sound.
    Audio,
    /// It calls no tools.
    Tools,
    /// It does not answer by a schema.
    StructuredOutput,
    /// The request is longer than its window.
    ContextWindow {
        /// Tokens that the request needs: the prompt, and the answer where the window is for both.
        needed: u64,
        /// Tokens of the window.
        window: u64,
    },
    /// The answer that is asked for is longer than it gives.
    MaxOutput {
        /// Tokens asked for.
        asked: u64,
        /// Tokens that it gives at most.
        most: u64,
    },
}

impl fmt::Display for Lack {
    /// As the end of a sentence that begins with the model's name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Vision => f.write_str("takes no images"),
            Self::Documents => f.write_str("takes no documents"),
            Self::Audio => f.write_str("takes no audio"),
            Self::Tools => f.write_str("calls no tools"),
            Self::StructuredOutput => f.write_str("has no structured output"),
            Self::ContextWindow { needed, window } => {
                write!(f, "has a context window of {window} tokens, and about {needed} are needed")
            }
            Self::MaxOutput { asked, most } => {
                write!(f, "answers with at most {most} tokens, and {asked} are asked for")
            }
        }
    }
}

/// Whether a model of a provider (named as in the catalogue) can serve a request. One of which nothing is known can.
///
/// # Errors
/// The first thing that it is known to lack.
pub fn can_serve(provider: &str, profile: &Profile, needs: &Needs) -> Result<(), Lack> {
    let can = &profile.capabilities;
    let claims = [
        (needs.vision, can.vision, Lack::Vision),
        (needs.documents, can.documents, Lack::Documents),
        (needs.audio, can.audio, Lack::Audio),
        (needs.tools, can.tools, Lack::Tools),
        (needs.structured_output, can.structured_output, Lack::StructuredOutput),
    ];
    let lacking = claims.into_iter().find(|(is_needed, can, _)| *is_needed && *can == Some(false));
    if let Some((_, _, lack)) = lacking {
        return Err(lack);
    }
    fits(provider, profile, needs)
}

fn fits(provider: &str, profile: &Profile, needs: &Needs) -> Result<(), Lack> {
    let asked = needs.max_output.map_or(0, Tokens::get);
    if let Some(most) = profile.max_output.filter(|most| asked > *most) {
        return Err(Lack::MaxOutput { asked, most });
    }
    let answer = if is_for_the_prompt_alone(provider, profile.context_window) { 0 } else { asked };
    let needed = needs.input.get().saturating_add(answer);
    match profile.context_window {
        Some(window) if needed > window => Err(Lack::ContextWindow { needed, window }),
        _ => Ok(()),
    }
}

/// Whether the window that the catalogue gives is the prompt's bound and the answer has its own. Gemini's models have two
/// bounds (ai.google.dev, "Models": input token limit, output token limit). Of OpenAI's newer models the catalogue's source
/// gives sometimes the whole window (400,000; 1,050,000) and sometimes what is left of it for the prompt.
fn is_for_the_prompt_alone(provider: &str, window: Option<u64>) -> bool {
    match provider {
        "gemini" => true,
        "openai" => matches!(window, Some(272_000 | 922_000)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use paceway_domain::CATALOGUE;

    use super::*;

    fn can_serve(provider: &str, model: &str, needs: &Needs) -> Result<(), Lack> {
        let profile = CATALOGUE.find(provider, model).map(|card| card.profile).unwrap_or_default();
        super::can_serve(provider, &profile, needs)
    }

    fn needs(input: u64, max_output: u64) -> Needs {
        Needs { input: Tokens(input), max_output: Some(Tokens(max_output)), ..Needs::default() }
    }

    #[test]
    fn a_model_is_ruled_out_by_what_it_is_known_to_lack() {
        let vision = Needs { vision: true, ..Needs::default() };
        let tools = Needs { tools: true, ..Needs::default() };
        assert_eq!(can_serve("openai", "o3-mini", &vision), Err(Lack::Vision));
        assert_eq!(can_serve("openai", "gpt-5-chat", &tools), Err(Lack::Tools));
        let structured = Needs { structured_output: true, ..Needs::default() };
        assert_eq!(can_serve("openai", "gpt-5.5-pro", &structured), Err(Lack::StructuredOutput));
        assert_eq!(can_serve("anthropic", "claude-sonnet-5-5", &Needs { vision: true, ..tools }), Ok(()));
    }

    #[test]
    fn what_is_not_known_is_allowed() {
        let all = Needs {
            vision: true,
            documents: true,
            audio: true,
            tools: true,
            structured_output: true,
            ..needs(9_000_000, 9_000_000)
        };
        assert_eq!(can_serve("openai", "gpt-imaginary", &all), Ok(()));
        let audio = Needs { audio: true, ..Needs::default() };
        assert_eq!(can_serve("mistral", "mistral-large-latest", &audio), Ok(()));
    }

    #[test]
    fn prompt_and_answer_share_the_window() {
        let window = |input, output| can_serve("anthropic", "claude-haiku-4-5", &needs(input, output));
        assert_eq!(window(136_000, 64_000), Ok(()));
        let lack = Lack::ContextWindow { needed: 200_001, window: 200_000 };
        assert_eq!(window(136_001, 64_000), Err(lack));
        assert_eq!(window(10, 64_001), Err(Lack::MaxOutput { asked: 64_001, most: 64_000 }));
    }

    #[test]
    fn where_the_answer_has_its_own_bound_the_window_is_the_prompts() {
        assert_eq!(can_serve("gemini", "gemini-2.5-pro", &needs(1_048_576, 65_535)), Ok(()));
        assert!(can_serve("gemini", "gemini-2.5-pro", &needs(1_048_577, 0)).is_err());
    }

    #[test]
    fn a_lack_ends_a_sentence() {
        let lack = Lack::ContextWindow { needed: 200_001, window: 200_000 };
        assert_eq!(lack.to_string(), "has a context window of 200000 tokens, and about 200001 are needed");
    }
}
