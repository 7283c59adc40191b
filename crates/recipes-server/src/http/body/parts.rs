//! The parts of a `multipart/form-data` body that is in memory (RFC 7578): where each is, and the name of its file.

use std::ops::Range;

/// A part with content.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) place: Range<usize>,
    pub(super) file_name: Option<String>,
    /// The name of its field.
    pub(super) field: Option<String>,
}

/// Bytes of the header lines of a part.
const HEAD_BYTES: usize = 8 * 1024;

/// The parts between the boundaries. Empty ones are left out: browsers send one for a field without a file.
///
/// # Errors
/// Why the body cannot be read.
pub(super) fn split(body: &[u8], boundary: &str, max_parts: usize) -> Result<Vec<Part>, &'static str> {
    const ENDS_EARLY: &str = "The multipart body ends before its last boundary";
    let delimiter = format!("\r\n--{boundary}");
    // The first boundary has no line end before it.
    let first = &delimiter.as_bytes()[2..];
    let mut at = if body.starts_with(first) {
        first.len()
    } else {
        find(body, delimiter.as_bytes()).ok_or("The multipart body does not have its boundary")?
            + delimiter.len()
    };
    let mut parts = Vec::new();
    loop {
        let rest = body.get(at..).unwrap_or_default();
        if rest.starts_with(b"--") {
            return Ok(parts);
        }
        let line_end = find(rest, b"\r\n").ok_or(ENDS_EARLY)?;
        let start = at + line_end;
        let window = &body[start..body.len().min(start + HEAD_BYTES)];
        let head_end = find(window, b"\r\n\r\n").ok_or("A part of the multipart body has no header lines")?;
        let content = start + head_end + 4;
        // The boundary's line end may be that of the header lines, if the part is empty.
        let length = find(&body[content - 2..], delimiter.as_bytes()).ok_or(ENDS_EARLY)?;
        let end = content - 2 + length;
        if end > content {
            if parts.len() == max_parts {
                return Err("The multipart body has too many files");
            }
            let head = String::from_utf8_lossy(&body[start..start + head_end]);
            parts.push(Part {
                place: content..end,
                file_name: file_name(&head),
                field: parameter(&head, "name="),
            });
        }
        at = end + delimiter.len();
    }
}

/// Without folders: some browsers send the path of the file.
fn file_name(head: &str) -> Option<String> {
    let path = parameter(head, "filename=")?;
    let name = path.rsplit(['/', '\\']).next()?;
    Some(name.to_owned()).filter(|name| !name.is_empty())
}

/// The value of a parameter of `Content-Disposition`.
fn parameter(head: &str, name: &str) -> Option<String> {
    let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with("content-disposition:"))?;
    let value = line.split(';').map(str::trim).find_map(|it| it.strip_prefix(name))?;
    Some(value.trim_matches('"').to_owned())
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    let first = *wanted.first()?;
    let mut from = 0;
    while let Some(found) = text.get(from..)?.iter().position(|byte| *byte == first) {
        let at = from + found;
        if text[at..].starts_with(wanted) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_told_apart_and_empty_ones_left_out() {
        let body = "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a/soup.json\"\r\n\r\n{}\r\n--x\r\n\
            --b\r\nContent-Disposition: form-data; name=\"g\"\r\n\r\n\r\n--b\r\nX: y\r\n\r\ntext\r\n--b--\r\n";
        let parts = split(body.as_bytes(), "b", 5).unwrap();
        let read: Vec<_> =
            parts.iter().map(|part| (&body[part.place.clone()], part.file_name.as_deref())).collect();
        assert_eq!(read, [("{}\r\n--x", Some("soup.json")), ("text", None)]);
        let fields: Vec<_> = parts.iter().map(|part| part.field.as_deref()).collect();
        assert_eq!(fields, [Some("f"), None]);
        assert_eq!(split(body.as_bytes(), "b", 1).unwrap_err(), "The multipart body has too many files");
    }

    #[test]
    fn broken_bodies_are_errors() {
        for body in
            ["", "--b", "--b\r\n", "--b\r\nX: y\r\n\r\ntext", "--c\r\n\r\n\r\n--c--", "--b\r\nX: y\r\n--b--"]
        {
            assert!(split(body.as_bytes(), "b", 5).is_err(), "{body:?}");
        }
        assert_eq!(split(b"--b--", "b", 5), Ok(Vec::new()));
    }
}
