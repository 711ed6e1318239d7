//! Forms with files (`multipart/form-data`, RFC 7578), read as far as one field's value: audio passes through unread.

use std::ops::Range;

use memchr::memmem;
use paceway_domain::Refusal;

/// The longest boundary that the standard allows (RFC 2046, 5.1.1).
const MAX_BOUNDARY: usize = 70;

/// Where the value of the field `name` lies in `body`; `None` if there is no such field.
///
/// # Errors
/// [`Refusal::MalformedBody`] if it is not the form that its content type says.
pub fn value_of(content_type: &str, body: &[u8], name: &str) -> Result<Option<Range<usize>>, Refusal> {
    let wrong = |why: &str| Refusal::MalformedBody(why.to_owned());
    let boundary = boundary(content_type).ok_or_else(|| wrong("the content type names no boundary"))?;
    let delimiter = format!("--{boundary}");
    let mut starts: Vec<usize> = memmem::find_iter(body, delimiter.as_bytes()).collect();
    if starts.is_empty() {
        return Err(wrong("the form does not begin with its boundary"));
    }
    starts.push(body.len());
    for pair in starts.windows(2) {
        let part = pair[0] + delimiter.len()..pair[1];
        let Some(end_of_headers) = memmem::find(&body[part.clone()], b"\r\n\r\n") else { continue };
        let headers = String::from_utf8_lossy(&body[part.start..part.start + end_of_headers]);
        if field_name(&headers) != Some(name) {
            continue;
        }
        let value = part.start + end_of_headers + 4..part.end;
        let length = memmem::rfind(&body[value.clone()], b"\r\n").unwrap_or(value.len());
        return Ok(Some(value.start..value.start + length));
    }
    Ok(None)
}

fn boundary(content_type: &str) -> Option<&str> {
    let parameter = content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.trim().split_once('=')?;
        name.eq_ignore_ascii_case("boundary").then_some(value)
    })?;
    let boundary = parameter.trim_matches('"');
    (1..=MAX_BOUNDARY).contains(&boundary.len()).then_some(boundary)
}

/// The name in `Content-Disposition: form-data; name="model"`.
fn field_name(headers: &str) -> Option<&str> {
    let line = headers.lines().find(|line| {
        line.get(..20).is_some_and(|start| start.eq_ignore_ascii_case("content-disposition:"))
    })?;
    line.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.trim().split_once('=')?;
        (name == "name").then(|| value.trim_matches('"'))
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TYPE: &str = "multipart/form-data; boundary=XyZ";
    const FORM: &str = "--XyZ\r\nContent-Disposition: form-data; name=\"file\"; filename=\"model\"\r\n\
        Content-Type: audio/wav\r\n\r\n\0\r\n\r\nRIFF\r\n--XyZ\r\ncontent-disposition: form-data; name=\"model\"\r\n\r\n\
        whisper-1\r\n--XyZ--\r\n";

    #[test]
    fn a_fields_value_is_found_beside_a_file() {
        let place = value_of(TYPE, FORM.as_bytes(), "model").unwrap().unwrap();
        assert_eq!(&FORM[place], "whisper-1");
        assert_eq!(value_of(TYPE, FORM.as_bytes(), "language").unwrap(), None);
    }

    #[test]
    fn a_form_without_its_boundary_is_told() {
        let why = value_of("multipart/form-data", FORM.as_bytes(), "model").unwrap_err().to_string();
        assert!(why.contains("names no boundary"), "{why}");
        let why = value_of(TYPE, b"{}", "model").unwrap_err().to_string();
        assert!(why.contains("does not begin with its boundary"), "{why}");
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(body in proptest::collection::vec(any::<u8>(), 0..200), at in 0..FORM.len()) {
            let mixed = [&FORM.as_bytes()[..at], &body].concat();
            let _either = value_of(TYPE, &mixed, "model");
        }
    }
}
