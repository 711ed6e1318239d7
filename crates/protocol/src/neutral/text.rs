//! Texts: most of a conversation is only carried from one body into another, so a text stays as it stands in its body until
//! somebody looks at it.
//!
//! A look is a dereference: it reads the escapes, once. Whoever only writes a text into another body asks for its [`Form`]
//! and copies it unread. No text is checked here: who makes one of a body's bytes has checked them.

mod conversions;

use std::borrow::Cow;
use std::ops::{Deref, Range};
use std::sync::OnceLock;

use crate::escapes;

/// A text, borrowed from the body it came from as long as that is possible.
#[derive(Clone)]
pub struct Text<'a>(Kept<'a>);

#[derive(Clone)]
enum Kept<'a> {
    Read(Cow<'a, str>),
    Unread {
        /// What stands between the quotes of its JSON string.
        inside: &'a str,
        /// What that says, once somebody has asked; `None` if it holds no escapes and says what it is. Boxed twice because
        /// hardly anybody asks, and texts are most of what a conversation is made of.
        #[allow(clippy::box_collection)]
        said: OnceLock<Option<Box<String>>>,
    },
}

impl<'t> From<&'t Text<'_>> for Form<'t> {
    fn from(text: &'t Text<'_>) -> Self {
        text.form()
    }
}

/// A text as it can be copied into a JSON string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form<'t> {
    /// As it reads: escapes have to be written.
    Plain(&'t str),
    /// As it stands between the quotes of a JSON string.
    Escaped(&'t str),
}

impl Form<'_> {
    /// Whether it is of no length.
    pub(crate) fn is_empty(self) -> bool {
        matches!(self, Self::Plain("") | Self::Escaped(""))
    }
}

impl<'t> From<&'t str> for Form<'t> {
    fn from(text: &'t str) -> Self {
        Self::Plain(text)
    }
}

impl<'a> Text<'a> {
    /// Of words that hold no escapes.
    pub(crate) const fn of(text: &'a str) -> Self {
        Self(Kept::Read(Cow::Borrowed(text)))
    }

    /// Of what stands between the quotes of a JSON string which was checked: every escape in it stands for something, and no
    /// half of a surrogate pair is without its other half.
    pub(crate) fn unread(inside: &'a str) -> Self {
        Self(Kept::Unread { inside, said: OnceLock::new() })
    }

    /// How it can be copied into another body.
    pub(crate) fn form(&self) -> Form<'_> {
        match &self.0 {
            Kept::Read(text) => Form::Plain(text),
            Kept::Unread { inside, .. } => Form::Escaped(inside),
        }
    }

    /// Its bytes as it is kept, which is unread.
    pub(crate) fn size(&self) -> usize {
        match self.form() {
            Form::Plain(text) | Form::Escaped(text) => text.len(),
        }
    }

    /// The bytes that it will hardly exceed in the body that it is written into.
    pub(crate) fn room(&self) -> usize {
        match self.form() {
            Form::Plain(text) => text.len() + text.len() / 16,
            Form::Escaped(inside) => inside.len(),
        }
    }

    /// Whether it is of no length.
    pub fn is_empty(&self) -> bool {
        self.size() == 0
    }

    /// Whether it is white space alone.
    pub fn is_blank(&self) -> bool {
        // Nearly every text begins with a letter, which is no white space and no escape.
        let begins_plainly = match self.form() {
            Form::Plain(text) | Form::Escaped(text) => {
                text.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric)
            }
        };
        !begins_plainly && self.first().is_none()
    }

    /// Its first character that is no white space. The rest is read only where that begins with an odd escape.
    pub(crate) fn first(&self) -> Option<char> {
        if let Form::Escaped(inside) = self.form() {
            let mut rest = inside.trim_start();
            while let Some(behind) = ["\\n", "\\t", "\\r"].iter().find_map(|blank| rest.strip_prefix(blank)) {
                rest = behind.trim_start();
            }
            match rest.strip_prefix('\\') {
                None => return rest.chars().next(),
                Some(escaped) if escaped.starts_with('"') => return Some('"'),
                Some(_) => {}
            }
        }
        self.trim_start().chars().next()
    }

    /// As a text of its own.
    pub fn into_owned(self) -> String {
        Cow::from(self).into_owned()
    }

    /// Its bytes.
    pub(crate) fn into_bytes(self) -> Cow<'a, [u8]> {
        match Cow::from(self) {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        }
    }

    /// As a text that borrows from nothing.
    pub(crate) fn detached(self) -> Text<'static> {
        self.into_owned().into()
    }

    /// The same text for as long as this one lives.
    pub(crate) fn borrowed(&self) -> Text<'_> {
        match self.form() {
            Form::Plain(text) => Text::of(text),
            Form::Escaped(inside) => Text::unread(inside),
        }
    }

    /// What of it begins at this byte; nothing if no character does.
    pub(crate) fn tail(self, at: usize) -> Self {
        match Cow::from(self) {
            Cow::Borrowed(text) => text.get(at..).unwrap_or_default().into(),
            Cow::Owned(text) if !text.is_char_boundary(at) => Self::default(),
            Cow::Owned(mut text) => {
                text.drain(..at);
                text.into()
            }
        }
    }

    /// What of it stands in this range of bytes; nothing if that cuts a character.
    pub(crate) fn slice(&self, range: Range<usize>) -> Self {
        match self.lent() {
            Some(text) => text.get(range).unwrap_or_default().into(),
            None => self.get(range).unwrap_or_default().to_owned().into(),
        }
    }

    /// Adds to it.
    pub fn push_str(&mut self, more: &str) {
        let mut text = std::mem::take(self).into_owned();
        text.push_str(more);
        *self = text.into();
    }

    /// It and another behind it.
    pub(crate) fn followed_by(mut self, next: Self) -> Self {
        if self.is_empty() {
            return next;
        }
        self.push_str(&next);
        self
    }

    /// What it says, if that stands in its body as it is.
    pub(crate) fn lent(&self) -> Option<&'a str> {
        match &self.0 {
            Kept::Read(Cow::Borrowed(text)) => Some(text),
            Kept::Read(Cow::Owned(_)) => None,
            Kept::Unread { inside, said } => said.get_or_init(|| read(inside)).is_none().then_some(inside),
        }
    }
}

/// What a string that was checked says; `None` if it is what it says.
#[allow(clippy::box_collection)]
fn read(inside: &str) -> Option<Box<String>> {
    match escapes::read(inside).expect("it was checked before the text was made") {
        Cow::Borrowed(_) => None,
        Cow::Owned(said) => Some(Box::new(said)),
    }
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match &self.0 {
            Kept::Read(text) => text,
            Kept::Unread { inside, said } => {
                said.get_or_init(|| read(inside)).as_ref().map_or(inside, |said| said)
            }
        }
    }
}

impl<'a> From<Text<'a>> for Cow<'a, str> {
    fn from(text: Text<'a>) -> Self {
        match text.0 {
            Kept::Read(text) => text,
            Kept::Unread { inside, said } => match said.into_inner().unwrap_or_else(|| read(inside)) {
                Some(said) => Cow::Owned(*said),
                None => Cow::Borrowed(inside),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_copied_as_it_stands_and_says_what_its_escapes_stand_for() {
        let text = Text::unread(r#"a \"b\"\n\u00e9"#);
        assert_eq!(text, "a \"b\"\né");
        assert_eq!((text.form(), text.lent()), (Form::Escaped(r#"a \"b\"\n\u00e9"#), None));
        assert_eq!(text.clone().into_owned(), "a \"b\"\né");
        assert_eq!(Text::unread("plain").lent(), Some("plain"));
    }

    #[test]
    fn the_first_character_that_is_no_white_space_is_found_in_every_form() {
        for (inside, first) in [
            ("", None),
            (r" \n\t ", None),
            (r"\r\n x", Some('x')),
            (r#" \"q"#, Some('"')),
            (r"\u0020\u0041", Some('A')),
        ] {
            let text = Text::unread(inside);
            assert_eq!((text.first(), text.is_blank()), (first, first.is_none()), "{inside}");
            let read = Text::from(text.into_owned());
            assert_eq!((read.first(), read.is_blank()), (first, first.is_none()), "{inside}");
        }
    }

    #[test]
    fn parts_of_a_text_are_parts_of_what_it_says() {
        for text in
            [Text::of("a/é"), Text::unread("a/é"), Text::unread(r"a\/é"), Text::from("a/é".to_owned())]
        {
            assert_eq!((text.slice(0..2), text.slice(0..3)), ("a/".into(), Text::default()));
            assert_eq!((text.clone().tail(2), text.clone().tail(3)), ("é".into(), Text::default()));
            assert_eq!(text.clone().followed_by("b".into()), "a/éb");
            assert_eq!(Text::default().followed_by(text.clone()).form(), text.form());
        }
    }
}
