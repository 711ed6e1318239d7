//! Bytes in JSON. Google's API takes base64 in both alphabets, padded or not, and its Python SDK sends the URL-safe one;
//! the neutral form holds the standard one with padding.

use paceway_domain::Dialect;

use crate::neutral::{Seal, Text};
use crate::seals;

/// What stands in for a signature that another provider's call cannot have; Gemini does not check it.
/// Source: ai.google.dev/gemini-api/docs/thought-signatures, read 2026-11.
pub(super) const NO_SIGNATURE: &str = "skip_thought_signature_validator";
/// The same through an SDK, which encodes it as bytes.
const NO_SIGNATURE_BASE64: &str = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I=";

/// Base64 in the standard alphabet with padding.
pub(super) fn standard(text: Text<'_>) -> Text<'_> {
    let is_url_safe = memchr::memchr2(b'-', b'_', text.as_bytes()).is_some();
    if !is_url_safe && text.len().is_multiple_of(4) {
        return text;
    }
    let mut owned = if is_url_safe { text.replace('-', "+").replace('_', "/") } else { text.into_owned() };
    while !owned.len().is_multiple_of(4) {
        owned.push('=');
    }
    owned.into()
}

/// The seal that a `thoughtSignature` is; `None` for one that only stands in for a signature.
pub(super) fn seal(signature: Text<'_>) -> Option<Seal<'_>> {
    if signature.is_empty() || signature == NO_SIGNATURE {
        return None;
    }
    let signature = standard(signature);
    if signature == NO_SIGNATURE_BASE64 {
        return None;
    }
    Some(seals::unwrap_base64(signature, Dialect::Gemini))
}

/// A media type in lower case without parameters, `image/jpg` corrected.
pub(super) fn media_type(text: Text<'_>) -> Text<'_> {
    let bare = text.split(';').next().unwrap_or_default().trim();
    if bare.eq_ignore_ascii_case("image/jpg") {
        return "image/jpeg".into();
    }
    if bare.len() == text.len() && !bare.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return text;
    }
    bare.to_ascii_lowercase().into()
}

/// What an address ends in, as a media type, for the types that Gemini knows.
pub(super) fn media_type_of_url(url: &str) -> Option<&'static str> {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let (_, extension) = path.rsplit_once('.')?;
    let known = KNOWN_EXTENSIONS.iter().find(|(known, _)| known.eq_ignore_ascii_case(extension));
    known.map(|(_, media_type)| *media_type)
}

const KNOWN_EXTENSIONS: [(&str, &str); 17] = [
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("webp", "image/webp"),
    ("gif", "image/gif"),
    ("heic", "image/heic"),
    ("heif", "image/heif"),
    ("pdf", "application/pdf"),
    ("txt", "text/plain"),
    ("csv", "text/csv"),
    ("html", "text/html"),
    ("mp3", "audio/mp3"),
    ("wav", "audio/wav"),
    ("ogg", "audio/ogg"),
    ("mp4", "video/mp4"),
    ("mov", "video/mov"),
    ("webm", "video/webm"),
];
