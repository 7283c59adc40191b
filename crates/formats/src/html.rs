//! Web pages: a small tree of elements, bounded in size and depth, and searches in it.
//!
//! The tokens are those of the HTML standard. The tree is not: it closes elements where browsers do for ordinary pages, and
//! needs no recursion, so that a page of a million open tags is a flat list.

mod microdata;
mod page;

use std::cell::RefCell;

use html5ever::TokenizerResult;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{
    BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};

pub(crate) use self::page::items;

/// Elements and texts of a page.
const MAX_NODES: usize = 400_000;
/// Deeper elements become children of the deepest.
const MAX_DEPTH: usize = 200;

/// Bytes of the text of one element. Elements in each other have the same text, as often as they are deep.
const MAX_TEXT: usize = 256 * 1024;

pub(crate) struct Tree {
    nodes: Vec<Node>,
}

pub(crate) struct Node {
    parent: usize,
    pub(crate) kind: Kind,
    /// The index behind the last node inside this one.
    end: usize,
}

pub(crate) enum Kind {
    Element { name: String, attributes: Vec<(String, String)> },
    Text(String),
}

impl Tree {
    pub(crate) fn parse(html: &str) -> Self {
        let input = BufferQueue::default();
        input.push_back(StrTendril::from(html));
        let tokenizer = Tokenizer::new(Sink(RefCell::new(Builder::default())), TokenizerOpts::default());
        while let TokenizerResult::Script(()) = tokenizer.feed(&input) {}
        tokenizer.end();
        let mut builder = tokenizer.sink.0.into_inner();
        builder.close_to(0);
        Self { nodes: builder.nodes }
    }

    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(crate) fn name(&self, node: usize) -> &str {
        match self.nodes.get(node).map(|node| &node.kind) {
            Some(Kind::Element { name, .. }) => name,
            _ => "",
        }
    }

    pub(crate) fn attribute(&self, node: usize, wanted: &str) -> Option<&str> {
        let Kind::Element { attributes, .. } = &self.nodes.get(node)?.kind else { return None };
        attributes.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
    }

    /// The nodes inside this one, in the order of the page.
    pub(crate) fn inside(&self, node: usize) -> std::ops::Range<usize> {
        node + 1..self.nodes.get(node).map_or(node + 1, |it| it.end)
    }

    /// The text inside this node, with line breaks where blocks begin and end.
    pub(crate) fn text(&self, node: usize) -> String {
        let mut out = String::new();
        let mut blocks: Vec<usize> = Vec::new();
        let mut skip_to = 0;
        for at in node..self.inside(node).end {
            while blocks.last().is_some_and(|end| *end <= at) {
                blocks.pop();
                out.push('\n');
            }
            if at < skip_to {
                continue;
            }
            if out.len() > MAX_TEXT {
                break;
            }
            match &self.nodes[at].kind {
                Kind::Text(text) => out.extend(text.chars().map(|c| if c.is_whitespace() { ' ' } else { c })),
                Kind::Element { name, .. } if is_raw(name) => skip_to = self.nodes[at].end,
                Kind::Element { name, .. } if crate::text::is_block(name) => {
                    out.push('\n');
                    blocks.push(self.nodes[at].end);
                }
                Kind::Element { name, .. } if matches!(name.as_str(), "td" | "th") => out.push(' '),
                Kind::Element { .. } => {}
            }
        }
        out
    }

    /// The text of a script.
    pub(crate) fn raw_text(&self, node: usize) -> String {
        let texts = self.inside(node).filter_map(|at| match &self.nodes[at].kind {
            Kind::Text(text) => Some(text.as_str()),
            Kind::Element { .. } => None,
        });
        texts.collect()
    }
}

fn is_raw(name: &str) -> bool {
    matches!(name, "script" | "style" | "template" | "noscript" | "textarea" | "select" | "svg")
}

struct Sink(RefCell<Builder>);

#[derive(Default)]
struct Builder {
    nodes: Vec<Node>,
    /// The open elements.
    open: Vec<usize>,
}

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, _: u64) -> TokenSinkResult<()> {
        let mut builder = self.0.borrow_mut();
        match token {
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => return builder.start(&tag),
            Token::TagToken(tag) => builder.end(&tag.name),
            Token::CharacterTokens(text) => builder.text(&text),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

/// Elements without an end tag.
const VOID: [&str; 14] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track",
    "wbr",
];

impl Builder {
    fn start(&mut self, tag: &Tag) -> TokenSinkResult<()> {
        let name: &str = &tag.name;
        self.close_implied(name);
        if self.nodes.len() < MAX_NODES {
            let attribute = |it: &html5ever::Attribute| (it.name.local.to_string(), it.value.to_string());
            let attributes = tag.attrs.iter().take(64).map(attribute).collect();
            let index = self.push(Kind::Element { name: name.to_owned(), attributes });
            let is_void =
                VOID.contains(&name) || tag.self_closing && matches!(name, "path" | "use" | "circle");
            if !is_void && self.open.len() < MAX_DEPTH {
                self.open.push(index);
            }
        }
        match name {
            "script" => TokenSinkResult::RawData(RawKind::ScriptData),
            "style" | "xmp" | "iframe" | "noembed" | "noframes" => TokenSinkResult::RawData(RawKind::Rawtext),
            "title" | "textarea" => TokenSinkResult::RawData(RawKind::Rcdata),
            _ => TokenSinkResult::Continue,
        }
    }

    /// Paragraphs and items of lists end where the next one begins.
    fn close_implied(&mut self, name: &str) {
        let closes: &[&str] = match name {
            "li" => &["li", "p"],
            "dt" | "dd" => &["dt", "dd", "p"],
            "tr" => &["tr", "td", "th", "p"],
            "td" | "th" => &["td", "th", "p"],
            "option" => &["option"],
            name if crate::text::is_block(name) && name != "br" => &["p"],
            _ => return,
        };
        let scope = |name: &str| {
            matches!(name, "ul" | "ol" | "dl" | "table" | "div" | "section" | "article" | "body")
        };
        while let Some(&last) = self.open.last() {
            let open = self.nodes.get(last).map(|node| &node.kind);
            let Some(Kind::Element { name: open, .. }) = open else { return };
            if scope(open) || !closes.iter().any(|name| self.is_open_in_scope(name, scope)) {
                return;
            }
            let is_last = closes.contains(&open.as_str());
            self.close_to(self.open.len() - 1);
            if is_last && !closes.iter().any(|name| self.is_open_in_scope(name, scope)) {
                return;
            }
        }
    }

    fn is_open_in_scope(&self, wanted: &str, scope: impl Fn(&str) -> bool) -> bool {
        for &index in self.open.iter().rev().take(16) {
            if let Some(Kind::Element { name, .. }) = self.nodes.get(index).map(|node| &node.kind) {
                if name == wanted {
                    return true;
                }
                if scope(name) {
                    return false;
                }
            }
        }
        false
    }

    fn end(&mut self, name: &str) {
        let is_it = |index: &usize| matches!(self.nodes.get(*index).map(|node| &node.kind), Some(Kind::Element { name: open, .. }) if open == name);
        if let Some(position) = self.open.iter().rposition(is_it) {
            self.close_to(position);
        }
    }

    fn close_to(&mut self, depth: usize) {
        let end = self.nodes.len();
        for index in self.open.drain(depth..) {
            if let Some(node) = self.nodes.get_mut(index) {
                node.end = end;
            }
        }
    }

    fn text(&mut self, text: &str) {
        if let Some(Node { kind: Kind::Text(last), parent, .. }) = self.nodes.last_mut()
            && Some(&*parent) == self.open.last()
        {
            last.push_str(text);
        } else if self.nodes.len() < MAX_NODES {
            self.push(Kind::Text(text.to_owned()));
        }
    }

    fn push(&mut self, kind: Kind) -> usize {
        let index = self.nodes.len();
        let parent = self.open.last().copied().unwrap_or(usize::MAX);
        self.nodes.push(Node { parent, kind, end: index + 1 });
        index
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_has_lines_where_blocks_are() {
        let tree = Tree::parse("<div><p>One<p>Two <b>three</b><ul><li>a<li>b</ul><script>x<y</script></div>");
        let lines = crate::text::lines(&tree.text(0));
        assert_eq!(lines, ["One", "Two three", "a", "b"]);
    }

    #[test]
    fn inside_ends_where_the_element_ends() {
        let tree = Tree::parse("<div id=a><i>1</i></div><div id=b><i>2</i></div>");
        let div = (0..tree.len()).find(|at| tree.attribute(*at, "id") == Some("b")).unwrap();
        assert_eq!(tree.text(div).trim(), "2");
    }

    #[test]
    fn hostile_pages_are_bounded() {
        let tree = Tree::parse(&"<div>".repeat(100_000));
        assert!(tree.len() <= MAX_NODES);
        assert_eq!(tree.text(0).trim(), "");
        Tree::parse(&"<p><b><i>".repeat(20_000));
        Tree::parse("<script><!--<script>");
        Tree::parse("</div></p>&#x110000;&unknown<");
    }
}
