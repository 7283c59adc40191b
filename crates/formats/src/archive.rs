//! Zip archives from strangers: entries are counted, named and measured before the first of them is unpacked.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{Cursor, Read, Seek};

use zip::ZipArchive;
use zip::result::ZipError;

use crate::image_names::{IMAGE_EXTENSIONS, dish_image_names, step_image_name};
use crate::options::{Limits, too_long};
use crate::report::ItemImage;

/// A source of bytes with a position.
pub trait ReadSeek: Read + Seek + Send {}

impl<T: Read + Seek + Send> ReadSeek for T {}

/// An archive, after the checks of its list of files.
pub(crate) struct Archive<'a> {
    zip: ZipArchive<Box<dyn ReadSeek + 'a>>,
    next: usize,
    /// The pictures, by their paths in lower case.
    pictures: HashMap<String, usize>,
    /// The path of the archive itself, inside the outer one.
    pub(crate) path: String,
    /// Archives around this one.
    pub(crate) depth: usize,
}

/// A file in an archive.
pub(crate) struct Entry {
    pub(crate) path: String,
    pub(crate) bytes: Vec<u8>,
}

impl<'a> Archive<'a> {
    /// # Errors
    /// Why the archive as a whole is refused.
    pub(crate) fn open(
        input: Box<dyn ReadSeek + 'a>,
        path: String,
        depth: usize,
        limits: &Limits,
    ) -> Result<Self, String> {
        let mut zip = ZipArchive::new(input).map_err(|why| refusal(&why))?;
        if zip.len() > limits.entries {
            return Err(format!("has {} entries; at most {} are read", zip.len(), limits.entries));
        }
        let mut unpacked: u64 = 0;
        let mut pictures = HashMap::new();
        for index in 0..zip.len() {
            let entry = zip.by_index_raw(index).map_err(|why| refusal(&why))?;
            let name = entry.name().map(Cow::into_owned).unwrap_or_default();
            let shown = shown(&name);
            if is_outside(&name) {
                return Err(format!("has the entry {shown}, whose path leads out of the archive"));
            }
            if entry.unix_mode().is_some_and(|mode| mode & 0o170_000 == 0o120_000) {
                return Err(format!("has the entry {shown}, which is a symbolic link"));
            }
            if entry.encrypted() {
                return Err(format!("has the entry {shown}, which is encrypted"));
            }
            let (size, packed) = (entry.size(), entry.compressed_size());
            if size > limits.ratio_from && size / packed.max(1) > limits.ratio {
                return Err(format!(
                    "has the entry {shown}, which unpacks to more than {} times its size",
                    limits.ratio
                ));
            }
            unpacked = unpacked.saturating_add(size);
            if is_picture(&name) && size <= limits.image_bytes as u64 {
                pictures.insert(name.to_lowercase(), index);
            }
        }
        if unpacked > limits.unpacked_bytes {
            return Err(format!("unpacks to more than {} MiB", limits.unpacked_bytes >> 20));
        }
        if zip.has_overlapping_files().map_err(|why| refusal(&why))? {
            return Err("has entries that share their bytes, as zip bombs do".to_owned());
        }
        Ok(Self { zip, next: 0, pictures, path, depth })
    }

    /// The next file that may be a recipe; `None` at the end.
    ///
    /// # Errors
    /// Why an entry could not be read, with its path.
    pub(crate) fn next_entry(
        &mut self,
        limits: &Limits,
        budget: &mut u64,
    ) -> Option<Result<Entry, (String, String)>> {
        while self.next < self.zip.len() {
            let index = self.next;
            self.next += 1;
            let mut entry = match self.zip.by_index(index) {
                Ok(entry) => entry,
                Err(why) => return Some(Err((self.path.clone(), refusal(&why)))),
            };
            let name = entry.name().map(Cow::into_owned).unwrap_or_default();
            if entry.is_dir() || is_not_read(&name) {
                continue;
            }
            let path = if self.path.is_empty() { name } else { format!("{}/{name}", self.path) };
            let most = (limits.document_bytes as u64).min(*budget);
            let mut bytes = Vec::new();
            // The size in the directory is what the archive claims; these are the bytes that come.
            let read = entry.by_ref().take(most + 1).read_to_end(&mut bytes);
            *budget = budget.saturating_sub(bytes.len() as u64);
            return Some(match read {
                Err(_) => Err((path, "cannot be unpacked: the archive is damaged".to_owned())),
                Ok(_) if bytes.len() as u64 > most && *budget == 0 => {
                    Err((path, "the archive unpacks to more than it says".to_owned()))
                }
                Ok(_) if bytes.len() as u64 > most => Err((path, too_long(limits.document_bytes))),
                Ok(_) => Ok(Entry { path, bytes }),
            });
        }
        None
    }

    /// The pictures that belong to the recipe in this entry, by the names that programs give them.
    pub(crate) fn images_of(
        &mut self,
        entry: &str,
        steps: usize,
        limits: &Limits,
        budget: &mut u64,
    ) -> Vec<ItemImage> {
        if self.pictures.is_empty() {
            return Vec::new();
        }
        let inside = entry.strip_prefix(&self.path).unwrap_or(entry).trim_start_matches('/').to_lowercase();
        let (folder, file) = inside.rsplit_once('/').map_or(("", &*inside), |(folder, file)| (folder, file));
        let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
        let folder = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let picture = |name: String| self.picture(&format!("{folder}{name}"));
        let dish = dish_image_names(stem).into_iter().find_map(picture);
        let of_steps =
            (1..).take(steps).filter_map(|step| Some((Some(step), picture(step_image_name(stem, step))?)));
        let places: Vec<(Option<u32>, usize)> =
            dish.map(|index| (None, index)).into_iter().chain(of_steps).collect();
        let mut images = Vec::new();
        for (step, index) in places {
            images.extend(self.unpack(index, limits, budget).map(|bytes| ItemImage::new(step, bytes)));
        }
        images
    }

    /// The picture with this path, seen from the folder of the entry.
    pub(crate) fn image_beside(
        &mut self,
        entry: &str,
        file: &str,
        limits: &Limits,
        budget: &mut u64,
    ) -> Option<Vec<u8>> {
        let inside = entry.strip_prefix(&self.path).unwrap_or(entry).trim_start_matches('/');
        let folder = inside.rsplit_once('/').map_or_else(String::new, |(folder, _)| format!("{folder}/"));
        let path = format!("{folder}{}", file.trim_start_matches("./").replace('\\', "/")).to_lowercase();
        let index = *self.pictures.get(&path)?;
        self.unpack(index, limits, budget)
    }

    /// A picture. `None` if it is damaged or too large.
    fn unpack(&mut self, index: usize, limits: &Limits, budget: &mut u64) -> Option<Vec<u8>> {
        let entry = self.zip.by_index(index).ok()?;
        let most = (limits.image_bytes as u64).min(*budget);
        let mut bytes = Vec::new();
        let read = entry.take(most + 1).read_to_end(&mut bytes);
        *budget = budget.saturating_sub(bytes.len() as u64);
        (read.is_ok() && bytes.len() as u64 <= most).then_some(bytes)
    }

    /// The place of the picture with this path, without its extension.
    fn picture(&self, path: &str) -> Option<usize> {
        IMAGE_EXTENSIONS
            .iter()
            .find_map(|extension| self.pictures.get(&format!("{path}.{extension}")).copied())
    }

    /// An archive inside another one.
    pub(crate) fn inside(
        entry: Entry,
        depth: usize,
        limits: &Limits,
    ) -> Result<Archive<'static>, (String, String)> {
        if depth > limits.archive_depth {
            return Err((
                entry.path,
                "is an archive in an archive in an archive, which is not read".to_owned(),
            ));
        }
        let Entry { path, bytes } = entry;
        Archive::open(Box::new(Cursor::new(bytes)), path.clone(), depth, limits).map_err(|why| (path, why))
    }
}

fn refusal(why: &ZipError) -> String {
    match why {
        ZipError::UnsupportedArchive(what) => format!("is an archive that cannot be read: {what}"),
        _ => "is a damaged archive".to_owned(),
    }
}

/// The start of a name, which may be hostile itself.
fn shown(name: &str) -> String {
    let start: String = name.chars().take(60).collect();
    format!("\"{}\"", start.escape_debug())
}

fn is_outside(name: &str) -> bool {
    let is_absolute =
        name.starts_with(['/', '\\']) || name.get(1..3).is_some_and(|it| it == ":\\" || it == ":/");
    is_absolute || name.contains('\0') || name.split(['/', '\\']).any(|part| part == "..")
}

fn is_picture(path: &str) -> bool {
    let extension = path.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    extension.is_some_and(|extension| IMAGE_EXTENSIONS.contains(&extension.as_str()))
}

/// Pictures, and what systems add to archives.
pub(crate) fn is_not_read(path: &str) -> bool {
    const EXTENSIONS: [&str; 20] = [
        "jpg", "jpeg", "png", "webp", "gif", "avif", "heic", "svg", "ico", "bmp", "tif", "tiff", "css", "js",
        "pdf", "mp4", "woff", "woff2", "db", "sqlite",
    ];
    let name = path.rsplit('/').next().unwrap_or(path);
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    let is_hidden = path.split('/').any(|part| part.starts_with('.') || part == "__MACOSX");
    is_hidden || name == "Thumbs.db" || extension.is_some_and(|it| EXTENSIONS.contains(&it.as_str()))
}
