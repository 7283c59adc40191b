//! The files that an import reads: files, the files of folders, and standard input.

use std::fs::{self, File};
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use formats::{IMAGE_EXTENSIONS, Input, ItemImage, Limits, dish_image_names, step_image_name};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Folders in folders.
const MAX_DEPTH: usize = 16;
/// Smaller files are imported before a progress bar could be read.
const PROGRESS_BAR_BYTES: u64 = 1 << 20;

/// The files of a path, in the order of their names. Pictures, hidden files and symbolic links of folders are not read.
pub(super) fn files(path: &Path) -> io::Result<Vec<PathBuf>> {
    if path == Path::new("-") || !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    collect(path, MAX_DEPTH, &mut files)?;
    Ok(files)
}

fn collect(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut entries: Vec<_> = fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let (kind, path) = (entry.file_type()?, entry.path());
        if formats::is_skipped(&entry.file_name().to_string_lossy()) {
            continue;
        }
        if kind.is_dir() && depth > 0 {
            collect(&path, depth - 1, files)?;
        } else if kind.is_file() {
            files.push(path);
        }
    }
    Ok(())
}

/// The pictures beside the file of a recipe with so many steps, by the names that programs give them. Too large ones are left out.
pub(super) fn pictures(file: &Path, steps: usize) -> Vec<ItemImage> {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let read = |name: String| {
        let path = |extension: &&str| file.with_file_name(format!("{name}.{extension}"));
        let path = IMAGE_EXTENSIONS.iter().map(path).find(|path| path.is_file())?;
        let is_small = fs::metadata(&path).is_ok_and(|it| it.len() <= Limits::default().image_bytes as u64);
        if is_small { fs::read(path).ok() } else { None }
    };
    let dish = dish_image_names(&stem).into_iter().find_map(read).map(|bytes| ItemImage::new(None, bytes));
    let of_steps = (1..)
        .take(steps)
        .filter_map(|step| Some(ItemImage::new(Some(step), read(step_image_name(&stem, step))?)));
    dish.into_iter().chain(of_steps).collect()
}

/// Opens a file, with a progress bar if it is long.
pub(super) fn open(path: &Path) -> io::Result<(Input<'static>, ProgressBar)> {
    if path == Path::new("-") {
        return Ok((Input::Stream(Box::new(io::stdin())), ProgressBar::hidden()));
    }
    let file = File::open(path)?;
    // A pipe has no position.
    let is_regular = file.metadata().is_ok_and(|metadata| metadata.is_file());
    let bar = bar(&file);
    let read = bar.wrap_read(file);
    Ok((if is_regular { Input::File(Box::new(read)) } else { Input::Stream(Box::new(read)) }, bar))
}

fn bar(file: &File) -> ProgressBar {
    let length = file.metadata().map_or(0, |metadata| metadata.len());
    if length < PROGRESS_BAR_BYTES || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{wide_bar} {bytes}/{total_bytes}, {eta} left");
    style.map(|style| bar.clone().with_style(style)).unwrap_or(bar)
}
