//! The target for the readers of recipe files.

use formats::{Content, Format, Input, Limits, Options, Reader};
use recipes::{Draft, Scalars};

/// Reads a file. The first byte is the number of its format; other numbers leave that to the content.
///
/// # Panics
/// If a recipe is beyond the limits, or changes when it is written and read again.
#[expect(clippy::expect_used, reason = "a target reports a failure by a panic")]
pub fn recipe_file(data: &[u8]) {
    let Some((first, bytes)) = data.split_first() else { return };
    let format = usize::from(*first).checked_sub(1).and_then(|number| Format::ALL.get(number)).copied();
    let limits = Limits { document_bytes: 1 << 20, object_bytes: 1 << 20, ..Limits::default() };
    let options = Options { format, limits, ..Options::default() };
    let mut reader = Reader::open(Input::bytes(bytes), options).expect("bytes in memory can be read");
    while let Some(item) = reader.next_item().expect("bytes in memory can be read") {
        let Ok(Content::Recipe(recipe)) = item.content else { continue };
        let json = serde_json::to_value(recipe.draft.content()).expect("a recipe is JSON");
        let again = json.as_object().and_then(|members| Draft::parse(members, Scalars::Typed).ok());
        assert_eq!(again.as_ref(), Some(&recipe.draft), "written and read again");
    }
}
