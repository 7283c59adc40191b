//! How the bytes of a file are packed and laid out.

/// How the bytes of a file are packed and laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    Zip,
    Gzip,
    Json,
    Html,
    Csv,
    Cooklang,
    Markdown,
    Text,
    /// Nothing of ours: a picture, a program, a PDF.
    Other(&'static str),
}

impl Layout {
    /// Recognizes the content. The name of the file decides only between kinds of plain text.
    pub(crate) fn detect(head: &[u8], file_name: &str) -> Self {
        const MAGIC: [(&[u8], Layout); 12] = [
            (b"PK\x03\x04", Layout::Zip),
            (b"PK\x05\x06", Layout::Zip),
            (b"\x1f\x8b", Layout::Gzip),
            (b"%PDF", Layout::Other("a PDF")),
            (b"\x89PNG", Layout::Other("a picture")),
            (b"\xff\xd8\xff", Layout::Other("a picture")),
            (b"GIF8", Layout::Other("a picture")),
            (b"RIFF", Layout::Other("a picture")),
            (b"SQLite format 3\0", Layout::Other("a database")),
            (b"7z\xbc\xaf", Layout::Other("a 7z archive")),
            (b"Rar!", Layout::Other("a RAR archive")),
            (b"\x7fELF", Layout::Other("a program")),
        ];
        if let Some((_, layout)) = MAGIC.iter().find(|(magic, _)| head.starts_with(magic)) {
            return *layout;
        }
        let text = crate::text::of_bytes(&head[..head.len().min(16 * 1024)]);
        let text = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
        if text.contains('\0') {
            return Self::Other("binary data");
        }
        let extension = file_name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
        match extension.as_deref() {
            Some("cook") => return Self::Cooklang,
            Some("csv" | "tsv") => return Self::Csv,
            _ => {}
        }
        if text.starts_with(['{', '[']) && !is_shortcode_or_link(text) {
            return Self::Json;
        }
        if is_html(text) {
            return Self::Html;
        }
        if crate::csv::is_header(text.lines().next().unwrap_or_default()) {
            return Self::Csv;
        }
        if is_cooklang(text) {
            return Self::Cooklang;
        }
        let is_markdown = text.starts_with("---\n")
            || text.starts_with("---\r\n")
            || text.starts_with("+++\n")
            || text.starts_with("# ")
            || text.contains("\n## ")
            || text.contains("\n# ");
        match extension.as_deref() {
            Some("json" | "ndjson" | "jsonl") => Self::Json,
            Some("md" | "markdown") => Self::Markdown,
            Some("html" | "htm" | "xhtml") => Self::Html,
            _ if is_markdown => Self::Markdown,
            _ => Self::Text,
        }
    }
}

/// `[Title](address)` begins a Markdown text, not a JSON list.
fn is_shortcode_or_link(text: &str) -> bool {
    text.strip_prefix('[')
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_alphabetic() && !"tfn".contains(c)))
}

fn is_html(text: &str) -> bool {
    let head = text.get(..text.floor_char_boundary(1024)).unwrap_or_default().to_ascii_lowercase();
    let is_page = ["<!doctype html", "<html", "<head", "<body", "<script", "<?xml"];
    is_page.iter().any(|tag| head.contains(tag))
        || head.starts_with('<') && (text.contains("itemprop") || text.contains("</"))
}

fn is_cooklang(text: &str) -> bool {
    text.lines().any(|line| line.starts_with(">> ") && line.contains(':'))
        || text.contains('@')
            && text.match_indices('@').any(|(at, _)| {
                let rest = &text[at + 1..];
                let end = rest.find(['\n', '@']).unwrap_or(rest.len());
                rest.starts_with(char::is_alphabetic)
                    && rest[..end].contains('{')
                    && rest[..end].contains('}')
            })
}
