//! The formats and their names.

/// The format of a file or of one item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// This service's own JSON, and that of the original API.
    Json,
    /// schema.org, as JSON-LD.
    JsonLd,
    /// A web page with JSON-LD, microdata or RDFa.
    Html,
    Mealie,
    Tandoor,
    Nextcloud,
    Paprika,
    RecipeSage,
    RecipeKeeper,
    /// Spreadsheets of `MyRecipeBox`, Plan to Eat and others: columns by name.
    Csv,
    Cooklang,
    Markdown,
    Text,
    /// An archive of any of them.
    Zip,
}

impl Format {
    pub const ALL: [Self; 14] = [
        Self::Json,
        Self::JsonLd,
        Self::Html,
        Self::Mealie,
        Self::Tandoor,
        Self::Nextcloud,
        Self::Paprika,
        Self::RecipeSage,
        Self::RecipeKeeper,
        Self::Csv,
        Self::Cooklang,
        Self::Markdown,
        Self::Text,
        Self::Zip,
    ];

    /// The name at the command line and in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::JsonLd => "jsonld",
            Self::Html => "html",
            Self::Mealie => "mealie",
            Self::Tandoor => "tandoor",
            Self::Nextcloud => "nextcloud",
            Self::Paprika => "paprika",
            Self::RecipeSage => "recipesage",
            Self::RecipeKeeper => "recipekeeper",
            Self::Csv => "csv",
            Self::Cooklang => "cooklang",
            Self::Markdown => "markdown",
            Self::Text => "text",
            Self::Zip => "zip",
        }
    }

    /// The format with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name().eq_ignore_ascii_case(name))
    }
}
