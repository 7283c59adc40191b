//! The headers of a mail that have addresses: in ASCII, and folded (RFC 5322, RFC 2047).
//!
//! lettre writes the characters of an address as they are, and folds neither in front of an address nor inside a long name.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use lettre::{
    Address,
    message::{
        Mailbox,
        header::{HeaderName, HeaderValue},
    },
};

/// A line with an encoded word has at most 76 characters (RFC 2047 section 2).
const LINE: usize = 76;

/// Bytes in an encoded word: with `=?utf-8?b?` and `?=` it fits into the first line of `From`.
const WORD: usize = 42;

/// The address with the ASCII form of its domain, which every mail server accepts. `None`: IDNA does not allow the domain.
pub fn with_ascii_domain(address: &Address) -> Option<Address> {
    if address.domain().is_ascii() {
        return Some(address.clone());
    }
    let domain = idna::domain_to_ascii(address.domain()).ok()?;
    Address::new(address.user(), domain).ok()
}

pub(super) fn from(sender: &Mailbox) -> HeaderValue {
    let address = sender.email.to_string();
    let mut tokens = phrase(sender.name.as_deref().unwrap_or_default());
    tokens.push(if tokens.is_empty() { address.clone() } else { format!("<{address}>") });
    folded("From", &tokens, address)
}

/// An address that is not ASCII is the name of an empty group, as in RFC 6857: only the envelope can have it as an address.
pub(super) fn to(recipient: &Address) -> HeaderValue {
    let address = recipient.to_string();
    let tokens = if address.is_ascii() {
        vec![address.clone()]
    } else {
        encoded_words(&address).into_iter().chain([":;".to_owned()]).collect()
    };
    folded("To", &tokens, address)
}

pub(super) fn message_id(id: &str) -> HeaderValue {
    folded("Message-ID", &[id.to_owned()], id.to_owned())
}

/// The words of a name, or encoded words if a mail cannot have them as they are.
fn phrase(name: &str) -> Vec<String> {
    // RFC 5322 section 3.2.3.
    let is_atext = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte);
    let is_atom = |word: &str| word.len() <= WORD && !word.starts_with("=?") && word.bytes().all(is_atext);
    let name = name.trim();
    if name.split_whitespace().all(is_atom) {
        return name.split_whitespace().map(str::to_owned).collect();
    }
    encoded_words(name)
}

fn encoded_words(mut text: &str) -> Vec<String> {
    let mut words = Vec::new();
    while !text.is_empty() {
        let (word, rest) = text.split_at(text.floor_char_boundary(WORD));
        words.push(format!("=?utf-8?b?{}?=", STANDARD.encode(word)));
        text = rest;
    }
    words
}

/// A header of these tokens, which are divided by spaces or new lines.
fn folded(name: &'static str, tokens: &[String], raw: String) -> HeaderValue {
    let (mut value, mut line) = (String::new(), name.len() + 1);
    for token in tokens {
        if line + 1 + token.len() > LINE {
            value.push_str("\r\n ");
            line = 0;
        } else if !value.is_empty() {
            value.push(' ');
        }
        value.push_str(token);
        line += 1 + token.len();
    }
    HeaderValue::dangerous_new_pre_encoded(HeaderName::new_from_ascii_str(name), raw, value)
}

#[cfg(test)]
mod tests {
    use lettre::message::header::Headers;

    use super::*;

    /// The header, each line of which is in ASCII and not longer than folding allows.
    #[track_caller]
    fn written(header: HeaderValue) -> String {
        let mut headers = Headers::new();
        headers.insert_raw(header);
        let text = headers.to_string();
        for line in text.split_terminator("\r\n") {
            let has_one_token = line.trim().split(' ').count() == 1;
            assert!(line.is_ascii() && !line.contains(char::is_control), "{line:?}");
            assert!(line.len() <= 78 || has_one_token && line.len() <= 998, "{} bytes: {line}", line.len());
        }
        text
    }

    fn sender(name: &str) -> String {
        let sender = Mailbox::new(Some(name.to_owned()), "recipes@example.com".parse().unwrap());
        written(from(&sender))
    }

    /// The text of the encoded words of a header.
    fn decoded(header: &str) -> String {
        let words = header.split_whitespace().filter_map(|word| word.strip_prefix("=?utf-8?b?"));
        let bytes = words.flat_map(|word| STANDARD.decode(word.strip_suffix("?=").unwrap()).unwrap());
        String::from_utf8(bytes.collect()).unwrap()
    }

    #[test]
    fn name_is_written_in_words_or_encoded() {
        assert_eq!(sender("Recipes"), "From: Recipes <recipes@example.com>\r\n");
        assert_eq!(sender(" My \t Recipes "), "From: My Recipes <recipes@example.com>\r\n");
        assert_eq!(sender(""), "From: recipes@example.com\r\n");
        assert_eq!(sender("菜谱"), "From: =?utf-8?b?6I+c6LCx?= <recipes@example.com>\r\n");
        let long = "好吃的食谱和其他东西".repeat(50);
        let word = "x".repeat(2_000);
        let words = format!("Küche {}", "und noch ein Wort ".repeat(30).trim());
        for name in
            [long.as_str(), &word, &words, "Recipes, Inc.", "a\"b\\c", "=?utf-8?q?x?=", "a\r\nBcc: b@c.d"]
        {
            let header = sender(name);
            assert_eq!(decoded(&header), name);
            assert!(header.ends_with("<recipes@example.com>\r\n"), "{header}");
        }
        let plain = ["many words"; 30].join(" ");
        assert_eq!(sender(&plain).replace("\r\n", ""), format!("From: {plain} <recipes@example.com>"));
    }

    #[test]
    fn domain_is_written_in_ascii_and_other_addresses_are_not_written_as_addresses() {
        let ascii = |text: &str| with_ascii_domain(&text.parse().unwrap()).unwrap();
        assert_eq!(ascii("Ada@Example.org").to_string(), "Ada@Example.org");
        let address = ascii("Ada@例子.测试");
        assert_eq!(address.to_string(), "Ada@xn--fsqu00a.xn--0zwm56d");
        assert_eq!(written(to(&address)), "To: Ada@xn--fsqu00a.xn--0zwm56d\r\n");
        let header = written(to(&ascii("用户@例子.测试")));
        assert_eq!(decoded(&header), "用户@xn--fsqu00a.xn--0zwm56d");
        assert!(header.ends_with(" :;\r\n"), "{header}");
    }

    #[test]
    fn long_address_has_a_line_of_its_own() {
        let domain = ["d".repeat(60), "e".repeat(60), "example".to_owned()].join(".");
        let address = format!("{}@{domain}", "l".repeat(64));
        assert_eq!(written(to(&address.parse().unwrap())), format!("To: \r\n {address}\r\n"));
        let sender = Mailbox::new(Some("菜谱".to_owned()), address.parse().unwrap());
        assert_eq!(written(from(&sender)), format!("From: =?utf-8?b?6I+c6LCx?=\r\n <{address}>\r\n"));
        written(message_id(&format!("<{}@{domain}>", "0".repeat(32))));
    }
}
