//! Amazon's binary event stream (`application/vnd.amazon.eventstream`), cut out of a byte stream as it arrives.
//!
//! Framing follows the Amazon Event Stream Specification (smithy.io/2.0/aws/amazon-eventstream.html). Numbers are
//! big-endian, both checksums are the CRC-32 of gzip:
//!
//! ```text
//! total length 4 | headers' length 4 | checksum of these eight 4 | headers | payload | checksum of all before 4
//! ```
//!
//! The splitter hands out slices of what arrived. What a payload means is for its reader; there is no resynchronising,
//! because a stream with a wrong byte in it cannot be trusted from there on.

use std::fmt;

use crate::sse;

/// The largest frame that is read or written, in bytes: the bound of every other event. (The specification allows services
/// 24 MB of payload and has clients check nothing; memory needs a bound.)
pub const MAX_FRAME_BYTES: usize = sse::MAX_EVENT_BYTES;
/// The largest headers section, in bytes, as the specification has it for services.
pub const MAX_HEADERS_BYTES: usize = 128 * 1024;

/// The two lengths and their checksum.
const PRELUDE_BYTES: usize = 12;
const CHECKSUM_BYTES: usize = 4;
/// The longest name of a header, in bytes.
const MAX_NAME_BYTES: usize = 255;
/// The longest string that is written into a header, in bytes, as the specification has it.
const MAX_VALUE_BYTES: usize = 32_767;
/// The type of a header's value that is a string.
const STRING: u8 = 7;

/// Why a stream cannot be read on, or a frame not be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameError {
    /// The lengths do not have their checksum.
    PreludeChecksum,
    /// The frame does not have its checksum.
    FrameChecksum,
    /// The frame is longer than [`MAX_FRAME_BYTES`]; its length in bytes.
    FrameTooLong(usize),
    /// The headers are longer than [`MAX_HEADERS_BYTES`]; their length in bytes.
    HeadersTooLong(usize),
    /// The frame is too short for its headers; both lengths in bytes.
    Lengths {
        /// Of the frame.
        total: usize,
        /// Of its headers.
        headers: usize,
    },
    /// A header is not what the specification allows; the text says why.
    Header(&'static str),
    /// The stream ended within a frame.
    Truncated,
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PreludeChecksum => f.write_str("a frame's lengths do not have their checksum"),
            Self::FrameChecksum => f.write_str("a frame does not have its checksum"),
            Self::FrameTooLong(bytes) => write!(f, "a frame of {bytes} bytes; at most {MAX_FRAME_BYTES}"),
            Self::HeadersTooLong(bytes) => {
                write!(f, "a frame with {bytes} bytes of headers; at most {MAX_HEADERS_BYTES}")
            }
            Self::Lengths { total, headers } => {
                write!(f, "a frame of {total} bytes cannot hold {headers} bytes of headers")
            }
            Self::Header(why) => write!(f, "a frame's header {why}"),
            Self::Truncated => f.write_str("the stream ended within a frame"),
        }
    }
}

impl std::error::Error for FrameError {}

/// One whole frame whose checksums and headers are right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    raw: &'a [u8],
    headers_bytes: usize,
}

impl<'a> Frame<'a> {
    /// The frame's bytes as they arrived.
    pub fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// What it carries, often JSON.
    pub fn payload(&self) -> &'a [u8] {
        &self.raw[PRELUDE_BYTES + self.headers_bytes..self.raw.len() - CHECKSUM_BYTES]
    }

    /// The header of this name if its value is a string; the first one if there are several.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        let headers = Headers(&self.raw[PRELUDE_BYTES..PRELUDE_BYTES + self.headers_bytes]);
        headers.flatten().find(|(found, _)| *found == name.as_bytes())?.1
    }

    /// `event`, `exception` (an error that the service's model has) or `error` (another, told by `:error-code` and
    /// `:error-message`).
    pub fn message_type(&self) -> Option<&'a str> {
        self.header(":message-type")
    }

    /// Which event it is, when it is one.
    pub fn event_type(&self) -> Option<&'a str> {
        self.header(":event-type")
    }

    /// Which exception it is, when it is one.
    pub fn exception_type(&self) -> Option<&'a str> {
        self.header(":exception-type")
    }

    /// The media type of the payload.
    pub fn content_type(&self) -> Option<&'a str> {
        self.header(":content-type")
    }

    /// The frame that `bytes` begins with; `None` if it has not arrived whole.
    fn first(bytes: &'a [u8]) -> Result<Option<Self>, FrameError> {
        let Some((prelude, _)) = bytes.split_first_chunk::<PRELUDE_BYTES>() else { return Ok(None) };
        let (total, headers_bytes) = lengths(prelude)?;
        let Some(raw) = bytes.get(..total) else { return Ok(None) };
        let (checked, checksum) = raw.split_at(total - CHECKSUM_BYTES);
        if crc32fast::hash(checked).to_be_bytes() != checksum {
            return Err(FrameError::FrameChecksum);
        }
        Headers(&raw[PRELUDE_BYTES..PRELUDE_BYTES + headers_bytes])
            .try_for_each(|header| header.map(drop))?;
        Ok(Some(Self { raw, headers_bytes }))
    }
}

/// The length of a frame and that of its headers, both within their bounds and the second within the first. Nothing is
/// believed, or kept for, before the checksum agrees.
fn lengths(prelude: &[u8; PRELUDE_BYTES]) -> Result<(usize, usize), FrameError> {
    let [t0, t1, t2, t3, h0, h1, h2, h3, checksum @ ..] = *prelude;
    if crc32fast::hash(&prelude[..8]).to_be_bytes() != checksum {
        return Err(FrameError::PreludeChecksum);
    }
    let total = u32::from_be_bytes([t0, t1, t2, t3]) as usize;
    let headers = u32::from_be_bytes([h0, h1, h2, h3]) as usize;
    check_lengths(total, headers)?;
    Ok((total, headers))
}

fn check_lengths(total: usize, headers: usize) -> Result<(), FrameError> {
    if headers > MAX_HEADERS_BYTES {
        return Err(FrameError::HeadersTooLong(headers));
    }
    if total > MAX_FRAME_BYTES {
        return Err(FrameError::FrameTooLong(total));
    }
    if total < PRELUDE_BYTES + headers + CHECKSUM_BYTES {
        return Err(FrameError::Lengths { total, headers });
    }
    Ok(())
}

/// The headers of a frame: each its name, and its value if that is a string.
struct Headers<'a>(&'a [u8]);

impl<'a> Headers<'a> {
    fn read(&mut self) -> Result<(&'a [u8], Option<&'a str>), FrameError> {
        let [name_bytes] = *self.take_array()?;
        if name_bytes == 0 {
            return Err(FrameError::Header("has no name"));
        }
        let name = self.take(name_bytes.into())?;
        let [value_type] = *self.take_array()?;
        let value_bytes = match value_type {
            // True and false say all in their type.
            0 | 1 => 0,
            2 => 1,
            3 => 2,
            4 => 4,
            // A long, and a timestamp in milliseconds.
            5 | 8 => 8,
            // Bytes, and a string.
            6 | STRING => u16::from_be_bytes(*self.take_array()?).into(),
            // A UUID.
            9 => 16,
            _ => return Err(FrameError::Header("has a value of an unknown type")),
        };
        let value = self.take(value_bytes)?;
        if value_type != STRING {
            return Ok((name, None));
        }
        let text = str::from_utf8(value).map_err(|_| FrameError::Header("has a string that is not UTF-8"))?;
        Ok((name, Some(text)))
    }

    fn take(&mut self, bytes: usize) -> Result<&'a [u8], FrameError> {
        let (taken, rest) = self.0.split_at_checked(bytes).ok_or(FrameError::Header("is cut off"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn take_array<const N: usize>(&mut self) -> Result<&'a [u8; N], FrameError> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(FrameError::Header("is cut off"))?;
        self.0 = rest;
        Ok(taken)
    }
}

impl<'a> Iterator for Headers<'a> {
    type Item = Result<(&'a [u8], Option<&'a str>), FrameError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let header = self.read();
        if header.is_err() {
            self.0 = &[];
        }
        Some(header)
    }
}

/// Cuts a byte stream into frames, whatever the pieces in which it arrives.
#[derive(Debug, Default)]
pub struct Splitter {
    /// The beginning of a frame whose end has not arrived: always shorter than [`MAX_FRAME_BYTES`].
    partial: Vec<u8>,
    failed: Option<FrameError>,
}

impl Splitter {
    /// Takes the next piece of the stream and calls `on_frame` for each frame that it completes.
    ///
    /// # Errors
    /// A [`FrameError`] at the first wrong byte that can be known as such, and at every push after it. The frames before
    /// it have been handed out.
    pub fn push(&mut self, piece: &[u8], mut on_frame: impl FnMut(Frame<'_>)) -> Result<(), FrameError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let mut joined = std::mem::take(&mut self.partial);
        let is_joined = !joined.is_empty();
        if is_joined {
            joined.extend_from_slice(piece);
        }
        let bytes = if is_joined { &joined } else { piece };
        let rest = cut(bytes, &mut on_frame).inspect_err(|error| self.failed = Some(*error))?;
        if is_joined {
            joined.drain(..rest);
        } else {
            joined.extend_from_slice(&piece[rest..]);
        }
        self.partial = joined;
        Ok(())
    }

    /// The bytes of the frame that has begun and not ended.
    pub fn partial(&self) -> &[u8] {
        &self.partial
    }

    /// Ends the stream.
    ///
    /// # Errors
    /// What `push` has found wrong, or [`FrameError::Truncated`] if a frame has begun and not ended.
    pub fn finish(&mut self) -> Result<(), FrameError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        if self.partial.is_empty() { Ok(()) } else { Err(FrameError::Truncated) }
    }
}

/// Calls `on_frame` for the whole frames in `bytes` and returns where the unfinished one begins.
fn cut(bytes: &[u8], on_frame: &mut impl FnMut(Frame<'_>)) -> Result<usize, FrameError> {
    let mut start = 0;
    while let Some(frame) = Frame::first(&bytes[start..])? {
        start += frame.raw.len();
        on_frame(frame);
    }
    Ok(start)
}

/// Writes one frame with these headers, all of them strings.
///
/// # Errors
/// A [`FrameError`] if a name, a value or the whole is too long; then nothing is written.
pub fn write(out: &mut Vec<u8>, headers: &[(&str, &str)], payload: &[u8]) -> Result<(), FrameError> {
    let mut headers_bytes = 0;
    for (name, value) in headers {
        if name.is_empty() {
            return Err(FrameError::Header("has no name"));
        }
        if name.len() > MAX_NAME_BYTES {
            return Err(FrameError::Header("has too long a name"));
        }
        if value.len() > MAX_VALUE_BYTES {
            return Err(FrameError::Header("has too long a value"));
        }
        headers_bytes += 1 + name.len() + 1 + 2 + value.len();
    }
    let total = PRELUDE_BYTES + headers_bytes + payload.len() + CHECKSUM_BYTES;
    check_lengths(total, headers_bytes)?;

    let start = out.len();
    out.reserve(total);
    let length = |bytes: usize| u32::try_from(bytes).expect("it is within its bound").to_be_bytes();
    out.extend_from_slice(&length(total));
    out.extend_from_slice(&length(headers_bytes));
    seal(out, start);
    for (name, value) in headers {
        out.push(u8::try_from(name.len()).expect("it is within its bound"));
        out.extend_from_slice(name.as_bytes());
        out.push(STRING);
        out.extend_from_slice(&u16::try_from(value.len()).expect("it is within its bound").to_be_bytes());
        out.extend_from_slice(value.as_bytes());
    }
    out.extend_from_slice(payload);
    seal(out, start);
    Ok(())
}

/// Appends the checksum of what stands there since `start`.
fn seal(out: &mut Vec<u8>, start: usize) {
    let checksum = crc32fast::hash(&out[start..]);
    out.extend_from_slice(&checksum.to_be_bytes());
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    // Three frames of botocore's tests (tests/unit/test_eventstream.py, commit 04d1fae): one with a header of each type,
    // one with a payload and a string, one as a service sends them.
    const ALL_TYPES: &[u8] = b"\x00\x00\x00\x62\x00\x00\x00\x52\x03\xb5\xcb\x9c\
        \x010\x00\x011\x01\x012\x02\x02\x013\x03\x00\x03\
        \x014\x04\x00\x00\x00\x04\x015\x05\x00\x00\x00\x00\x00\x00\x00\x05\
        \x016\x06\x00\x05bytes\x017\x07\x00\x04utf8\
        \x018\x08\x00\x00\x00\x00\x00\x00\x00\x08\x019\x090123456789abcdef\
        \x63\x35\x36\x71";
    const ONE_STRING: &[u8] = b"\x00\x00\x00=\x00\x00\x00 \x07\xfd\x83\x96\x0ccontent-type\x07\x00\x10\
        application/json{'foo':'bar'}\x8d\x9c\x08\xb1";
    const EVENT: &[u8] = b"\x00\x00\x00~\x00\x00\x00O\xc5\xa3\xdd\xc6\r:message-type\x07\x00\
        \x05event\x0b:event-type\x07\x00\x10initial-response\r:content-type\
        \x07\x00\ttext/json{\"InitialResponse\": \"sometext\"}\xf6\x98$\x83";
    /// The smallest frame there is, of the same tests.
    const EMPTY: &[u8] = b"\x00\x00\x00\x10\x00\x00\x00\x00\x05\xc2H\xeb}\x98\xc8\xff";

    /// The frames that a stream in these pieces gives, and how it ends.
    fn frames<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Vec<u8>>, Result<(), FrameError>) {
        let mut splitter = Splitter::default();
        let mut seen = Vec::new();
        for piece in pieces {
            if splitter.push(piece, |frame| seen.push(frame.raw().to_vec())).is_err() {
                break;
            }
        }
        (seen, splitter.finish())
    }

    /// Reads a single frame; hands it to `look`.
    fn with_frame<T>(bytes: &[u8], look: impl Fn(Frame<'_>) -> T) -> T {
        let mut seen = Vec::new();
        Splitter::default().push(bytes, |frame| seen.push(look(frame))).unwrap();
        assert_eq!(seen.len(), 1);
        seen.remove(0)
    }

    fn error(bytes: &[u8]) -> FrameError {
        Splitter::default().push(bytes, |_| ()).unwrap_err()
    }

    /// A frame with right checksums around any headers and lengths.
    fn sealed(total: usize, headers_bytes: usize, rest: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        out.extend_from_slice(&u32::try_from(total).unwrap().to_be_bytes());
        out.extend_from_slice(&u32::try_from(headers_bytes).unwrap().to_be_bytes());
        seal(&mut out, 0);
        out.extend_from_slice(rest);
        seal(&mut out, 0);
        out
    }

    fn with_headers(headers: &[u8]) -> Vec<u8> {
        sealed(16 + headers.len(), headers.len(), headers)
    }

    #[test]
    fn a_frame_of_a_service_is_read_with_its_headers_and_payload() {
        with_frame(EVENT, |frame| {
            assert_eq!(frame.message_type(), Some("event"));
            assert_eq!(frame.event_type(), Some("initial-response"));
            assert_eq!(frame.content_type(), Some("text/json"));
            assert_eq!(frame.exception_type(), None);
            assert_eq!(frame.payload(), br#"{"InitialResponse": "sometext"}"#);
        });
    }

    #[test]
    fn headers_that_are_not_strings_are_passed_over_whatever_their_type() {
        with_frame(ALL_TYPES, |frame| {
            assert_eq!(frame.header("7"), Some("utf8"));
            assert_eq!(
                ["0", "1", "2", "3", "4", "5", "6", "8", "9"].map(|name| frame.header(name)),
                [None; 9]
            );
            assert_eq!(frame.payload(), b"");
        });
    }

    #[test]
    fn what_is_written_is_what_amazon_writes() {
        let mut out = Vec::new();
        write(&mut out, &[("content-type", "application/json")], b"{'foo':'bar'}").unwrap();
        assert_eq!(out, ONE_STRING);
        write(&mut out, &[], b"").unwrap();
        assert_eq!(out[ONE_STRING.len()..], *EMPTY);
    }

    #[test]
    fn cut_at_every_position_the_stream_reads_the_same() {
        let stream = [ALL_TYPES, EMPTY, ONE_STRING, EVENT].concat();
        let whole = frames([&stream[..]]);
        assert_eq!(whole, ([ALL_TYPES, EMPTY, ONE_STRING, EVENT].map(<[u8]>::to_vec).to_vec(), Ok(())));
        for cut in 0..=stream.len() {
            let (head, tail) = stream.split_at(cut);
            assert_eq!(frames([head, tail]), whole, "cut at {cut}");
        }
        assert_eq!(frames(stream.chunks(1)), whole);
    }

    #[test]
    fn a_stream_that_ends_within_a_frame_is_cut_off() {
        for end in 1..EVENT.len() {
            assert_eq!(frames([&EVENT[..end]]), (vec![], Err(FrameError::Truncated)), "end at {end}");
        }
    }

    #[test]
    fn a_flipped_bit_anywhere_is_an_error() {
        for bit in 0..EVENT.len() * 8 {
            let mut flipped = EVENT.to_vec();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let expected = if bit < 12 * 8 { FrameError::PreludeChecksum } else { FrameError::FrameChecksum };
            assert_eq!(frames([&flipped[..]]), (vec![], Err(expected)), "bit {bit}");
        }
    }

    #[test]
    fn after_an_error_the_stream_is_over() {
        let mut splitter = Splitter::default();
        let mut count = 0;
        let mut flipped = EVENT.to_vec();
        flipped[20] ^= 1;
        let stream = [EMPTY, &flipped].concat();
        assert_eq!(splitter.push(&stream, |_| count += 1), Err(FrameError::FrameChecksum));
        assert_eq!(splitter.push(EVENT, |_| count += 1), Err(FrameError::FrameChecksum));
        assert_eq!(splitter.finish(), Err(FrameError::FrameChecksum));
        assert_eq!(count, 1);
        assert!(splitter.partial().is_empty());
    }

    #[test]
    fn a_frame_beyond_its_bounds_is_refused_by_its_first_twelve_bytes() {
        let prelude = |total, headers| sealed(total, headers, b"")[..12].to_vec();
        assert_eq!(error(&prelude(MAX_FRAME_BYTES + 1, 0)), FrameError::FrameTooLong(MAX_FRAME_BYTES + 1));
        let headers = MAX_HEADERS_BYTES + 1;
        assert_eq!(error(&prelude(MAX_FRAME_BYTES, headers)), FrameError::HeadersTooLong(headers));
        assert_eq!(error(&prelude(20, 5)), FrameError::Lengths { total: 20, headers: 5 });
        assert_eq!(error(&prelude(0, 0)), FrameError::Lengths { total: 0, headers: 0 });
        assert_eq!(error(&prelude(0, MAX_HEADERS_BYTES)), FrameError::Lengths { total: 0, headers: 131_072 });
    }

    #[test]
    fn the_longest_frame_is_read_and_never_more_than_it_is_kept() {
        let frame = sealed(MAX_FRAME_BYTES, 0, &vec![b'x'; MAX_FRAME_BYTES - 16]);
        let stream = [&frame[..], EMPTY, &frame[..]].concat();
        let mut splitter = Splitter::default();
        let mut lengths = Vec::new();
        for piece in stream.chunks(60_000) {
            splitter.push(piece, |frame| lengths.push(frame.raw().len())).unwrap();
            assert!(splitter.partial().len() < MAX_FRAME_BYTES);
        }
        assert_eq!(lengths, [MAX_FRAME_BYTES, 16, MAX_FRAME_BYTES]);
    }

    #[test]
    fn headers_against_the_specification_are_refused() {
        let cases: [(&[u8], &str); 6] = [
            (b"\x00\x00", "has no name"),
            (b"\x02a", "is cut off"),
            (b"\x01a", "is cut off"),
            (b"\x01a\x07\x00\x05four", "is cut off"),
            (b"\x01a\x0a", "has a value of an unknown type"),
            (b"\x01a\x07\x00\x01\xff", "has a string that is not UTF-8"),
        ];
        for (headers, why) in cases {
            assert_eq!(error(&with_headers(headers)), FrameError::Header(why));
        }
    }

    #[test]
    fn of_two_headers_of_one_name_the_first_holds() {
        let frame = with_headers(b"\x01a\x07\x00\x01x\x01a\x07\x00\x01y");
        assert_eq!(with_frame(&frame, |frame| frame.header("a").map(str::to_owned)).as_deref(), Some("x"));
    }

    #[test]
    fn what_cannot_be_framed_is_refused_and_nothing_is_written() {
        let mut out = vec![1];
        let long = "x".repeat(MAX_VALUE_BYTES + 1);
        let mut refused = |headers: &[(&str, &str)], payload_bytes| {
            let error = write(&mut out, headers, &vec![0; payload_bytes]).unwrap_err();
            assert_eq!(out, [1]);
            error
        };
        assert_eq!(refused(&[("", "x")], 0), FrameError::Header("has no name"));
        assert_eq!(refused(&[(&long[..256], "x")], 0), FrameError::Header("has too long a name"));
        assert_eq!(refused(&[("a", &long)], 0), FrameError::Header("has too long a value"));
        assert_eq!(
            refused(&[("a", &long[1..]); 4], 0),
            FrameError::HeadersTooLong(4 * (5 + MAX_VALUE_BYTES))
        );
        assert_eq!(refused(&[], MAX_FRAME_BYTES - 15), FrameError::FrameTooLong(MAX_FRAME_BYTES + 1));
    }

    /// The bytes in pieces of these lengths, and the rest.
    fn pieces<'a>(mut bytes: &'a [u8], lengths: &[usize]) -> Vec<&'a [u8]> {
        let mut pieces = Vec::new();
        for length in lengths {
            let (head, tail) = bytes.split_at((*length).min(bytes.len()));
            pieces.push(head);
            bytes = tail;
        }
        pieces.push(bytes);
        pieces
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_pieces_read_the_same(
            bytes in proptest::collection::vec(any::<u8>(), 0..80),
            cuts in proptest::collection::vec(1usize..9, 1..40),
        ) {
            // Behind a good frame, and as the headers of a frame with good checksums.
            for stream in [[EMPTY, &bytes].concat(), with_headers(&bytes)] {
                prop_assert_eq!(frames(pieces(&stream, &cuts)), frames([&stream[..]]));
            }
        }

        #[test]
        fn what_is_written_is_read(
            written in proptest::collection::vec(
                (proptest::collection::vec((".{1,20}", ".{0,20}"), 0..4), proptest::collection::vec(any::<u8>(), 0..50)),
                0..5,
            ),
            cuts in proptest::collection::vec(1usize..40, 1..40),
        ) {
            let mut stream = Vec::new();
            for (headers, payload) in &written {
                let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
                write(&mut stream, &headers, payload).unwrap();
            }
            let mut splitter = Splitter::default();
            let mut read = Vec::new();
            for piece in pieces(&stream, &cuts) {
                splitter.push(piece, |frame| {
                    let headers = Headers(&frame.raw[12..12 + frame.headers_bytes]);
                    let headers = headers.flatten().map(|(name, value)| {
                        (String::from_utf8(name.to_vec()).unwrap(), value.unwrap().to_owned())
                    });
                    read.push((headers.collect::<Vec<_>>(), frame.payload().to_vec()));
                }).unwrap();
            }
            prop_assert_eq!(splitter.finish(), Ok(()));
            prop_assert_eq!(read, written);
        }
    }
}
