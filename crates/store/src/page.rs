//! Pagination: the page that a caller asks for, and the rows that it gets.

/// The first `limit` rows after the key `after`.
///
/// A page is found by the last key of the page before it (keyset pagination), never by counting rows. Rows that are
/// added or removed between two requests are neither repeated nor skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page<Key> {
    after: Option<Key>,
    limit: u16,
}

/// The rows of one page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing<Rows, Key> {
    pub rows: Rows,
    /// The key after which the next page begins. `None`: this is the last page.
    pub next: Option<Key>,
}

/// The last row of a page, known before the rows are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageEnd<Key> {
    pub last: Key,
    /// See [`Listing::next`].
    pub next: Option<Key>,
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

    /// The longest page after this key.
    pub fn longest(after: Option<Key>) -> Self {
        Self { after, limit: MAX_PAGE_SIZE }
    }

    /// The first row after this key.
    pub(crate) fn only(after: Key) -> Self {
        Self { after: Some(after), limit: 1 }
    }

    pub fn after(&self) -> Option<Key> {
        self.after
    }

    pub fn limit(&self) -> u16 {
        self.limit
    }

    /// The rest of this page after `rows` rows up to the one with the key `last`; `None` if that is all of it.
    #[must_use]
    pub fn rest(&self, rows: usize, last: Key) -> Option<Self> {
        let limit = usize::from(self.limit).checked_sub(rows).and_then(|left| u16::try_from(left).ok())?;
        Self::new(Some(last), limit)
    }

    /// The rows to read for this page: one more than it holds shows whether there is a next page.
    pub(crate) fn rows_to_read(&self) -> u16 {
        self.limit.saturating_add(1)
    }

    /// The page out of [`rows_to_read`](Self::rows_to_read) rows.
    pub(crate) fn listing<T>(&self, mut rows: Vec<T>, key: impl FnOnce(&T) -> Key) -> Listing<Vec<T>, Key> {
        let limit = usize::from(self.limit);
        let is_last = rows.len() <= limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| !is_last).map(key);
        Listing { rows, next }
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

    #[test]
    fn the_rest_of_a_page_has_the_rows_that_are_left() {
        let page = Page::new(Some(7), 10).unwrap();
        assert_eq!(page.rest(4, 15), Page::new(Some(15), 6));
        assert_eq!((page.rest(10, 15), page.rest(11, 15)), (None, None));
    }

    #[test]
    fn a_page_names_the_next_one_only_if_there_is_one() {
        let page = Page::new(None, 2).unwrap();
        assert_eq!(page.rows_to_read(), 3);
        for (read, rows, next) in [
            (vec![], vec![], None),
            (vec![5], vec![5], None),
            (vec![5, 6], vec![5, 6], None),
            (vec![5, 6, 7], vec![5, 6], Some(6)),
        ] {
            assert_eq!(page.listing(read, |row| *row), Listing { rows, next });
        }
    }
}
