//! Files in a request: in it as base64, or in S3. Bedrock fetches from nowhere else.

use crate::compose::{ArrayWriter, ObjectWriter};
use crate::formats::converse::media::{self, Use};
use crate::neutral::{Form, Media, PartBody};

/// A file as Bedrock takes it.
pub(crate) struct File<'m> {
    pub(crate) format: &'static str,
    place: Place<'m>,
}

enum Place<'m> {
    Bytes(Form<'m>),
    S3(&'m str),
}

impl<'m> File<'m> {
    /// # Errors
    /// Why it cannot be sent.
    pub(crate) fn of(media: &'m Media<'_>, used_as: Use) -> Result<Self, &'static str> {
        const UNKNOWN: &str = "Amazon Bedrock does not take files of this media type";
        match media {
            Media::Base64 { media_type, data } => {
                let format = media::format(used_as, media_type).ok_or(UNKNOWN)?;
                Ok(Self { format, place: Place::Bytes(data.form()) })
            }
            Media::Url { url, media_type } if url.starts_with("s3://") => {
                let stated = media_type.as_deref().and_then(|kind| media::format(used_as, kind));
                let format = stated.or_else(|| media::format_of_url(used_as, url)).ok_or(UNKNOWN)?;
                Ok(Self { format, place: Place::S3(url) })
            }
            Media::Url { .. } => Err(
                "Amazon Bedrock fetches nothing from the web: send the bytes as base64, or an s3:// address",
            ),
            Media::File { .. } => Err("a file uploaded to another provider cannot be read here"),
        }
    }

    pub(crate) fn write_source(&self, source: &mut ObjectWriter<'_>) {
        match &self.place {
            Place::Bytes(data) => {
                source.field("bytes", data);
            }
            Place::S3(uri) => {
                source.object("s3Location", |location| {
                    location.field("uri", uri);
                });
            }
        }
    }
}

/// Writes the block of a picture, a film or a recording.
pub(crate) fn write(body: &PartBody<'_>, list: &mut ArrayWriter<'_>) {
    let (media, used_as) = match body {
        PartBody::Image(image) => (&image.media, Use::Image),
        PartBody::Video(media) => (media, Use::Video),
        PartBody::Audio(media) => (media, Use::Audio),
        _ => return,
    };
    let Ok(file) = File::of(media, used_as) else { return };
    list.object(|block| {
        block.object(used_as.name(), |out| {
            out.field("format", file.format);
            out.object("source", |source| file.write_source(source));
        });
    });
}
