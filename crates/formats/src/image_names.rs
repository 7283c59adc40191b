//! Where the pictures of a recipe are beside its file, by the names that programs give them.

/// The formats of pictures that can be decoded.
pub const IMAGE_EXTENSIONS: [&str; 5] = ["jpg", "jpeg", "png", "webp", "gif"];

/// The paths of a picture of the dish beside the file with this name, both without extensions; the first one that is there counts.
///
/// ```
/// assert_eq!(formats::dish_image_names("recipe")[1], "full");
/// ```
pub fn dish_image_names(stem: &str) -> [String; 4] {
    // Own archives; then Nextcloud Cookbook, Tandoor and Mealie, which have a folder or an archive for each recipe.
    [stem, "full", "image", "images/original"].map(str::to_owned)
}

/// The path of the picture of a step, in own archives.
pub fn step_image_name(stem: &str, step: u32) -> String {
    format!("{stem} step {step}")
}
