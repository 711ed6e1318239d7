//! Server-sent events, cut out of a byte stream as it arrives.
//!
//! Framing follows the HTML standard, section 9.2.6: lines end in LF, CR LF or CR, an empty line ends an event, a leading
//! byte-order mark is ignored. The splitter hands out slices of what arrived; it never re-writes an event, so a relay
//! can pass the same bytes on.

use std::borrow::Cow;

/// The largest event that is read, in bytes. Larger than any provider's, small enough to bound memory per stream.
pub const MAX_EVENT_BYTES: usize = 16 * 1024 * 1024;

/// An event grew beyond [`MAX_EVENT_BYTES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventTooLong;

/// One whole event, with the empty line that ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event<'a> {
    raw: &'a [u8],
    name: &'a [u8],
    /// Its first `data` field.
    data: Option<&'a [u8]>,
    /// Whether there are more.
    has_more_data: bool,
}

impl<'a> Event<'a> {
    /// Reads the fields of a whole event.
    fn of(raw: &'a [u8]) -> Self {
        let mut event = Self { raw, name: b"", data: None, has_more_data: false };
        for line in lines(raw) {
            if let Some(value) = field(line, b"data") {
                event.has_more_data = event.data.is_some();
                event.data = event.data.or(Some(value));
            } else if let Some(value) = field(line, b"event") {
                event.name = value;
            }
        }
        event
    }

    /// The event's bytes as they arrived, its empty line included.
    pub fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// The value of its last `event` field, or nothing.
    pub fn name(&self) -> &'a [u8] {
        self.name
    }

    /// The value of its `data` fields, joined by line feeds if there are several; `None` for a comment or a mere name.
    pub fn data(&self) -> Option<Cow<'a, [u8]>> {
        let first = self.data?;
        if !self.has_more_data {
            return Some(Cow::Borrowed(first));
        }
        let values: Vec<&[u8]> = lines(self.raw).filter_map(|line| field(line, b"data")).collect();
        Some(Cow::Owned(values.join(&b'\n')))
    }
}

/// Cuts a byte stream into events, whatever the pieces in which it arrives.
#[derive(Debug, Default)]
pub struct Splitter {
    /// The beginning of an event whose end has not arrived.
    partial: Vec<u8>,
    scan: Scan,
    past_bom: bool,
}

impl Splitter {
    /// Takes the next piece of the stream and calls `on_event` for each event that it completes.
    ///
    /// # Errors
    /// [`EventTooLong`] when an unfinished event has passed the bound; the stream cannot be read on.
    pub fn push(&mut self, piece: &[u8], mut on_event: impl FnMut(Event<'_>)) -> Result<(), EventTooLong> {
        if self.partial.is_empty() {
            let rest = self.cut(piece, &mut on_event);
            self.partial.extend_from_slice(&piece[rest..]);
        } else {
            let mut joined = std::mem::take(&mut self.partial);
            joined.extend_from_slice(piece);
            let rest = self.cut(&joined, &mut on_event);
            joined.drain(..rest);
            self.partial = joined;
        }
        if self.partial.len() > MAX_EVENT_BYTES { Err(EventTooLong) } else { Ok(()) }
    }

    /// The bytes of the event that has begun and not ended, which are the last that were pushed.
    pub fn partial(&self) -> &[u8] {
        &self.partial
    }

    /// Ends the stream: what is left is taken as an event if it is a whole one but for its empty line. (Some servers
    /// close right after the last line.)
    pub fn finish(&mut self, mut on_event: impl FnMut(Event<'_>)) {
        let partial = std::mem::take(&mut self.partial);
        self.scan = Scan::default();
        if matches!(partial.last(), Some(b'\n' | b'\r')) {
            on_event(Event::of(&partial));
        }
    }

    /// Calls `on_event` for the whole events in `bytes` and returns where the unfinished one begins.
    fn cut(&mut self, bytes: &[u8], on_event: &mut impl FnMut(Event<'_>)) -> usize {
        let mut start = 0;
        while let Some(end) = self.scan.event_end(bytes) {
            let raw = &bytes[start..end];
            let is_first = !std::mem::replace(&mut self.past_bom, true);
            let marked = if is_first { raw.strip_prefix(b"\xef\xbb\xbf") } else { None };
            on_event(Event::of(marked.unwrap_or(raw)));
            start = end;
        }
        self.scan.line_start -= start;
        self.scan.at -= start;
        start
    }
}

/// How far the search for an event's end has come, so that no byte is looked at twice.
#[derive(Debug, Default)]
struct Scan {
    line_start: usize,
    at: usize,
}

impl Scan {
    /// The place just behind the next empty line. A CR at the very end of `bytes` may be half of a CR LF, so it waits for
    /// the byte behind it.
    fn event_end(&mut self, bytes: &[u8]) -> Option<usize> {
        loop {
            let Some(offset) = memchr::memchr2(b'\n', b'\r', &bytes[self.at..]) else {
                self.at = bytes.len();
                return None;
            };
            let terminator = self.at + offset;
            let next = match (bytes[terminator], bytes.get(terminator + 1)) {
                (b'\r', None) => {
                    self.at = terminator;
                    return None;
                }
                (b'\r', Some(b'\n')) => terminator + 2,
                _ => terminator + 1,
            };
            let is_empty_line = terminator == self.line_start;
            self.line_start = next;
            self.at = next;
            if is_empty_line {
                return Some(next);
            }
        }
    }
}

/// The lines of an event, without their ends.
fn lines(raw: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut start = 0;
    let ends = memchr::memchr2_iter(b'\n', b'\r', raw).chain(std::iter::once(raw.len()));
    ends.map(move |end| &raw[std::mem::replace(&mut start, end + 1)..end])
}

/// The value of a line `name: value`, if it has that name.
fn field<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let rest = line.strip_prefix(name)?;
    if rest.is_empty() {
        return Some(rest);
    }
    let value = rest.strip_prefix(b":")?;
    Some(value.strip_prefix(b" ").unwrap_or(value))
}

/// Writes one event: `event: name` if it has one, and its data, which must be a single line.
pub fn write(out: &mut Vec<u8>, name: Option<&str>, data: &[u8]) {
    if let Some(name) = name {
        out.extend_from_slice(b"event: ");
        out.extend_from_slice(name.as_bytes());
        out.push(b'\n');
    }
    out.extend_from_slice(b"data: ");
    out.extend_from_slice(data);
    out.extend_from_slice(b"\n\n");
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STREAM: &[u8] = "\u{feff}event: a\ndata: {\"x\":\"é\"}\n\n: note\r\n\r\ndata: 1\rdata:2\r\rdata\nid: 7\n\nevent:b\r\n\
        data: done\r\n\r\n"
        .as_bytes();

    /// Names and data of all events when the stream arrives in these pieces.
    fn events<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<(String, Option<String>)> {
        let mut splitter = Splitter::default();
        let mut seen = Vec::new();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        for piece in pieces {
            splitter
                .push(piece, |event| seen.push((text(event.name()), event.data().map(|data| text(&data)))))
                .unwrap();
        }
        splitter.finish(|event| seen.push((text(event.name()), event.data().map(|data| text(&data)))));
        seen
    }

    #[test]
    fn every_line_end_comment_and_field_form_is_understood() {
        let expected = [
            ("a", Some("{\"x\":\"é\"}")),
            ("", None),
            ("", Some("1\n2")),
            ("", Some("")),
            ("b", Some("done")),
        ];
        let seen = events([STREAM]);
        let seen: Vec<_> = seen.iter().map(|(name, data)| (name.as_str(), data.as_deref())).collect();
        assert_eq!(seen, expected);
    }

    #[test]
    fn cut_at_every_position_the_stream_reads_the_same() {
        let whole = events([STREAM]);
        for cut in 0..=STREAM.len() {
            let (head, tail) = STREAM.split_at(cut);
            assert_eq!(events([head, tail]), whole, "cut at {cut}");
        }
        assert_eq!(events(STREAM.chunks(1)), whole);
    }

    #[test]
    fn an_event_without_its_empty_line_is_read_at_the_end_and_half_a_line_is_not() {
        assert_eq!(events([&b"data: [DONE]\n"[..]]), [(String::new(), Some("[DONE]".into()))]);
        assert_eq!(events([&b"data: {\"half"[..]]), []);
    }

    #[test]
    fn an_event_without_end_is_refused_before_it_fills_the_memory() {
        let mut splitter = Splitter::default();
        let piece = vec![b'x'; MAX_EVENT_BYTES / 2];
        splitter.push(&piece, |_| ()).unwrap();
        splitter.push(&piece, |_| ()).unwrap();
        assert_eq!(splitter.push(b"x", |_| ()), Err(EventTooLong));
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_pieces_read_the_same(
            bytes in "(data: ?|event:|[a-z\n\r:é ]){0,60}",
            cuts in proptest::collection::vec(1usize..9, 1..40),
        ) {
            let bytes = bytes.as_bytes();
            let mut pieces = Vec::new();
            let mut rest = bytes;
            for cut in cuts {
                let (head, tail) = rest.split_at(cut.min(rest.len()));
                pieces.push(head);
                rest = tail;
            }
            pieces.push(rest);
            prop_assert_eq!(events(pieces), events([bytes]));
        }
    }
}
