//! Requests of every format: read, put in the words of every other, written, and read again there.

use bytes::Bytes;
use paceway_domain::Dialect;
use paceway_fuzz::case::Input;
use paceway_fuzz::{FORMATS, bounds, seeds};
use paceway_protocol::changes::Changes;
use paceway_protocol::fit::fit;
use paceway_protocol::formats::{Address, format_of};
use paceway_protocol::{Envelope, cacheable, estimate};

use crate::target;

target!(requests_anthropic, seeds::requests(Dialect::Anthropic), |input| request(Dialect::Anthropic, input));
target!(requests_openai, seeds::requests(Dialect::OpenAi), |input| request(Dialect::OpenAi, input));
target!(requests_responses, seeds::requests(Dialect::Responses), |input| request(Dialect::Responses, input));
target!(requests_gemini, seeds::requests(Dialect::Gemini), |input| request(Dialect::Gemini, input));
target!(requests_converse, seeds::requests(Dialect::Converse), |input| request(Dialect::Converse, input));
target!(requests_cohere, seeds::requests(Dialect::Cohere), |input| request(Dialect::Cohere, input));

/// The longest that a request gets in another format, in bytes for each of its own: what a schema refers to is repeated.
const MOST_GROWTH: u64 = 64;

fn request(dialect: Dialect, input: &Input) {
    let body = &input.bytes;
    bounds::keep(body.len(), MOST_GROWTH, || {
        estimate::tokens(body);
        cacheable(dialect, body);
        let Ok(envelope) = Envelope::parse(body) else { return };
        let format = format_of(dialect);
        let address = Address { model: Some("m".into()), stream: Some(input.choice.is_multiple_of(2)) };
        let Ok(summary) = format.summary(&envelope, &address) else { return };
        let forwarded = format.forward(&envelope, &summary, &Bytes::copy_from_slice(body), "other");
        let again = Envelope::parse(&forwarded).expect("what is forwarded is whole");
        let again =
            format.summary(&again, &Address { model: Some("other".into()), ..address }).expect("and as good");
        assert_eq!(
            (again.model.as_str(), again.stream, again.max_output),
            ("other", summary.stream, summary.max_output)
        );
        for other in FORMATS {
            let mut changes = Changes::default();
            let Ok(mut chat) = format.read_chat(&envelope, &summary, &mut changes) else { return };
            fit(&mut chat, format_of(other).abilities(seeds::MODEL), &mut changes);
            let _visible = changes.to_string();
            if let Ok(written) = format_of(other).write_chat(&chat, seeds::target(), &mut changes) {
                reads(other, &written, chat.stream);
            }
        }
    });
}

/// Asserts that a format reads what it has written.
fn reads(dialect: Dialect, body: &[u8], stream: bool) {
    let told = || String::from_utf8_lossy(body);
    let format = format_of(dialect);
    let envelope = Envelope::parse(body).unwrap_or_else(|error| panic!("{dialect}: {error}: {}", told()));
    let address = Address { model: Some("m".into()), stream: Some(stream) };
    let summary =
        format.summary(&envelope, &address).unwrap_or_else(|error| panic!("{dialect}: {error}: {}", told()));
    let read = format.read_chat(&envelope, &summary, &mut Changes::default());
    read.unwrap_or_else(|error| panic!("{dialect}: {error}: {}", told()));
}
