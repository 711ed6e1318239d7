//! Bedrock's names for formats of files, and the media types they stand for.

/// What a file is used as; each has names of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// `image`.
    Image,
    /// `document`.
    Document,
    /// `video`.
    Video,
    /// `audio`.
    Audio,
}

impl Use {
    /// The block's name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Document => "document",
            Self::Video => "video",
            Self::Audio => "audio",
        }
    }

    fn table(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Image => IMAGES,
            Self::Document => DOCUMENTS,
            Self::Video => VIDEOS,
            Self::Audio => AUDIOS,
        }
    }
}

/// In each table the first row with a media type is the one that is written.
const IMAGES: &[(&str, &str)] = &[
    ("png", "image/png"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("gif", "image/gif"),
    ("webp", "image/webp"),
];

const DOCUMENTS: &[(&str, &str)] = &[
    ("pdf", "application/pdf"),
    ("csv", "text/csv"),
    ("doc", "application/msword"),
    ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("xls", "application/vnd.ms-excel"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("html", "text/html"),
    ("txt", "text/plain"),
    ("md", "text/markdown"),
];

const VIDEOS: &[(&str, &str)] = &[
    ("mp4", "video/mp4"),
    ("mov", "video/quicktime"),
    ("mkv", "video/x-matroska"),
    ("webm", "video/webm"),
    ("flv", "video/x-flv"),
    ("mpeg", "video/mpeg"),
    ("mpg", "video/mpeg"),
    ("wmv", "video/x-ms-wmv"),
    ("three_gp", "video/3gpp"),
];

const AUDIOS: &[(&str, &str)] = &[
    ("mp3", "audio/mpeg"),
    ("mp3", "audio/mp3"),
    ("mpeg", "audio/mpeg"),
    ("mpga", "audio/mpeg"),
    ("wav", "audio/wav"),
    ("wav", "audio/x-wav"),
    ("flac", "audio/flac"),
    ("ogg", "audio/ogg"),
    ("opus", "audio/opus"),
    ("aac", "audio/aac"),
    ("x-aac", "audio/x-aac"),
    ("mp4", "audio/mp4"),
    ("m4a", "audio/mp4"),
    ("m4a", "audio/x-m4a"),
    ("webm", "audio/webm"),
    ("mka", "audio/x-matroska"),
    ("mkv", "audio/x-matroska"),
    ("pcm", "audio/pcm"),
];

/// The media type of a format's name.
pub(super) fn media_type(used_as: Use, format: &str) -> Option<&'static str> {
    used_as.table().iter().find(|(name, _)| *name == format).map(|(_, media_type)| *media_type)
}

/// The format's name of a media type. Texts of any kind can be read as plain ones.
pub(super) fn format(used_as: Use, media_type: &str) -> Option<&'static str> {
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    let found = used_as.table().iter().find(|(_, known)| *known == essence).map(|(name, _)| *name);
    let is_text = essence.starts_with("text/") || essence == "application/json";
    found.or_else(|| (used_as == Use::Document && is_text).then_some("txt"))
}

/// The format's name of a file by the ending of its address.
pub(super) fn format_of_url(used_as: Use, url: &str) -> Option<&'static str> {
    let (_, ending) = url.rsplit_once('.')?;
    used_as.table().iter().find(|(name, _)| name.eq_ignore_ascii_case(ending)).map(|(name, _)| *name)
}
