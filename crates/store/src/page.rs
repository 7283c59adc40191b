//! A page of a list: which rows a caller asks for.

/// The first `limit` rows after the key `after`.
///
/// A page is found by the last key of the page before it (keyset pagination), never by counting rows. Rows that are
/// added or removed between two requests are neither repeated nor skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page<Key> {
    after: Option<Key>,
    limit: u16,
}

/// Rows of a page if the caller names no limit.
pub const DEFAULT_PAGE_SIZE: u16 = 100;

/// Rows of a page at most.
pub const MAX_PAGE_SIZE: u16 = 1000;

impl<Key: Copy> Page<Key> {
    /// `None` if the limit is not 1 to [`MAX_PAGE_SIZE`].
    pub fn new(after: Option<Key>, limit: u16) -> Option<Self> {
        (1..=MAX_PAGE_SIZE).contains(&limit).then_some(Self { after, limit })
    }

    pub fn after(&self) -> Option<Key> {
        self.after
    }

    pub fn limit(&self) -> u16 {
        self.limit
    }
}

/// The first page, of the default length.
impl<Key: Copy> Default for Page<Key> {
    fn default() -> Self {
        Self { after: None, limit: DEFAULT_PAGE_SIZE }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_1_to_1000_rows() {
        assert_eq!(Page::<i64>::default().limit(), 100);
        assert_eq!(Page::<i64>::new(None, 0), None);
        assert_eq!(Page::<i64>::new(None, 1).unwrap().limit(), 1);
        assert_eq!(Page::new(Some(7), 1000).unwrap().after(), Some(7));
        assert_eq!(Page::<i64>::new(None, 1001), None);
    }
}
