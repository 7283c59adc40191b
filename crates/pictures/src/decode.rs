//! From the bytes of a client to JPEG in three sizes.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::{U8, U8x3, U8x4};
use fast_image_resize::{PixelTrait, ResizeOptions, Resizer};
use image::codecs::jpeg::JpegEncoder;
use image::metadata::Orientation;
use image::{DynamicImage, ExtendedColorType, ImageDecoder as _, ImageFormat, ImageReader, Limits, RgbImage};
use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};
use recipes::ImageSize;

use crate::structure::{has_large_profile, is_whole_jpeg};
use crate::{Picture, PictureError};

/// Bytes of a picture that a client sends.
pub const MAX_BYTES: usize = 10 << 20;

/// Pixels of a picture that a client sends.
pub const MAX_PIXELS: u64 = 50_000_000;

/// Bytes of all its pixels. With eight bits for each colour, [`MAX_PIXELS`] need less.
pub(crate) const MAX_DECODED: u64 = 256 << 20;

/// Of the JPEG. A large picture has about 400 KiB.
const QUALITY: u8 = 80;

/// Bytes of the largest size. Noise has more, and gets less quality.
const LARGE_BYTES: usize = 1 << 20;
const QUALITY_OF_NOISE: u8 = 50;

/// Decodes the picture and makes its sizes.
///
/// # Errors
/// [`PictureError`].
pub fn make(original: &[u8]) -> Result<Picture, PictureError> {
    if original.len() > MAX_BYTES {
        return Err(PictureError::TooLarge);
    }
    let made = catch_unwind(AssertUnwindSafe(|| {
        let (picture, profile) = decode(original)?;
        sizes(picture, profile.as_deref())
    }));
    made.unwrap_or_else(|_| Err(PictureError::Damaged("the decoder gave up".to_owned())))
}

/// The picture with its orientation, at most as large as the largest size, and its colour profile.
fn decode(original: &[u8]) -> Result<(DynamicImage, Option<Vec<u8>>), PictureError> {
    let format = format_of(original)?;
    match format {
        ImageFormat::Jpeg if !is_whole_jpeg(original) => {
            return Err(PictureError::Damaged("it ends too early".to_owned()));
        }
        ImageFormat::Png if has_large_profile(original) => {
            return Err(PictureError::Damaged("its colour profile is too large".to_owned()));
        }
        _ => {}
    }
    let mut reader = ImageReader::with_format(Cursor::new(original), format);
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_DECODED);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(damaged)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(PictureError::TooManyPixels { width, height });
    }
    if width == 0 || height == 0 {
        return Err(PictureError::Damaged("it has no pixels".to_owned()));
    }
    let bytes = decoder.total_bytes();
    if bytes > MAX_DECODED {
        return Err(PictureError::TooMuchMemory { bytes });
    }
    // Metadata that cannot be read are no reason to refuse the picture.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let profile = decoder.icc_profile().ok().flatten();
    let picture = DynamicImage::from_decoder(decoder).map_err(damaged)?;
    let mut picture = shrunk(picture)?;
    picture.apply_orientation(orientation);
    Ok((picture, profile))
}

fn format_of(original: &[u8]) -> Result<ImageFormat, PictureError> {
    match image::guess_format(original) {
        Ok(format @ (ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP | ImageFormat::Gif)) => {
            Ok(format)
        }
        Ok(ImageFormat::Avif) => Err(PictureError::OtherFormat("an AVIF")),
        Ok(ImageFormat::Tiff) => Err(PictureError::OtherFormat("a TIFF")),
        Ok(ImageFormat::Bmp) => Err(PictureError::OtherFormat("a BMP")),
        // ISO base media files name their brand here; those of pictures of phones begin with "he" or "mif".
        _ if original.get(4..10).is_some_and(|brand| brand == b"ftyphe" || brand == b"ftypmi") => {
            Err(PictureError::OtherFormat("a HEIC"))
        }
        _ => Err(PictureError::UnknownFormat),
    }
}

/// The picture in the largest size, without transparency.
fn shrunk(picture: DynamicImage) -> Result<DynamicImage, PictureError> {
    let (width, height) = (picture.width(), picture.height());
    let target = ImageSize::Large.of(width, height);
    Ok(match picture {
        DynamicImage::ImageRgb8(picture) => resized(picture.as_raw(), (width, height), target)?.into(),
        DynamicImage::ImageLuma8(picture) => {
            let pixels = resized_bytes::<U8>(picture.as_raw(), (width, height), target)?;
            rgb(target, pixels.into_iter().flat_map(|grey| [grey; 3]).collect())?.into()
        }
        other => {
            let mut picture = other.into_rgba8();
            for pixel in picture.pixels_mut() {
                let [red, green, blue, alpha] = pixel.0;
                if alpha < u8::MAX {
                    let on_white = |colour| on_white(colour, alpha);
                    pixel.0 = [on_white(red), on_white(green), on_white(blue), u8::MAX];
                }
            }
            let pixels = resized_bytes::<U8x4>(picture.as_raw(), (width, height), target)?;
            drop(picture);
            rgb(target, pixels.chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect())?
                .into()
        }
    })
}

/// JPEG has no transparency, and pages are white.
fn on_white(colour: u8, alpha: u8) -> u8 {
    let (colour, alpha) = (u16::from(colour), u16::from(alpha));
    let mixed = (colour * alpha + 255 * (255 - alpha) + 127) / 255;
    u8::try_from(mixed).unwrap_or(u8::MAX)
}

fn sizes(picture: DynamicImage, profile: Option<&[u8]>) -> Result<Picture, PictureError> {
    let mut large = picture.into_rgb8();
    if let Some(converted) = profile.and_then(|profile| in_srgb(&large, profile)) {
        large = converted;
    }
    let dimensions = large.dimensions();
    let mut written = jpeg(&large, QUALITY)?;
    if written.len() > LARGE_BYTES {
        written = jpeg(&large, QUALITY_OF_NOISE)?;
    }
    // A small original has the same pixels in several sizes, and writing a JPEG takes most of the time of a small picture.
    let smaller =
        |larger: &RgbImage, written: &[u8], size: ImageSize| -> Result<(RgbImage, Vec<u8>), PictureError> {
            let target = size.of(dimensions.0, dimensions.1);
            if target == larger.dimensions() {
                return Ok((larger.clone(), written.to_vec()));
            }
            let picture = resized(larger.as_raw(), larger.dimensions(), target)?;
            let written = jpeg(&picture, QUALITY)?;
            Ok((picture, written))
        };
    let (of_medium, medium) = smaller(&large, &written, ImageSize::Medium)?;
    let (_, small) = smaller(&of_medium, &medium, ImageSize::Small)?;
    Ok(Picture { dimensions, small, medium, large: written })
}

/// The picture in the colours that pictures without a profile have. `None` if the profile is of no use.
fn in_srgb(picture: &RgbImage, profile: &[u8]) -> Option<RgbImage> {
    let profile = ColorProfile::new_from_slice(profile).ok()?;
    if profile.color_space != DataColorSpace::Rgb {
        return None;
    }
    let transform = profile
        .create_transform_8bit(
            Layout::Rgb,
            &ColorProfile::new_srgb(),
            Layout::Rgb,
            TransformOptions::default(),
        )
        .ok()?;
    let mut converted = vec![0; picture.as_raw().len()];
    transform.transform(picture.as_raw(), &mut converted).ok()?;
    RgbImage::from_raw(picture.width(), picture.height(), converted)
}

fn resized(pixels: &[u8], from: (u32, u32), to: (u32, u32)) -> Result<RgbImage, PictureError> {
    rgb(to, resized_bytes::<U8x3>(pixels, from, to)?)
}

/// With the type of the pixels as a parameter: the function of the library that takes it as a value brings the code for thirteen
/// types, a sixth of this crate.
fn resized_bytes<P: PixelTrait>(
    pixels: &[u8],
    from: (u32, u32),
    to: (u32, u32),
) -> Result<Vec<u8>, PictureError> {
    let failed = |_| PictureError::Failed("the pixels do not fit their size");
    let source = TypedImageRef::<P>::from_buffer(from.0, from.1, pixels).map_err(failed)?;
    let mut resized = vec![0; size_of::<P>() * to.0 as usize * to.1 as usize];
    let mut target = TypedImage::<P>::from_buffer(to.0, to.1, &mut resized).map_err(failed)?;
    // The alpha channel is the same everywhere.
    let options = ResizeOptions::new().use_alpha(false);
    let outcome = Resizer::new().resize_typed(&source, &mut target, &options);
    outcome.map_err(|_| PictureError::Failed("the picture cannot be resized"))?;
    Ok(resized)
}

fn rgb((width, height): (u32, u32), pixels: Vec<u8>) -> Result<RgbImage, PictureError> {
    RgbImage::from_raw(width, height, pixels).ok_or(PictureError::Failed("the pixels do not fit their size"))
}

fn jpeg(picture: &RgbImage, quality: u8) -> Result<Vec<u8>, PictureError> {
    let mut jpeg = Vec::new();
    let (width, height) = picture.dimensions();
    JpegEncoder::new_with_quality(&mut jpeg, quality)
        .encode(picture.as_raw(), width, height, ExtendedColorType::Rgb8)
        .map_err(|_| PictureError::Failed("the JPEG cannot be written"))?;
    Ok(jpeg)
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn damaged(error: image::ImageError) -> PictureError {
    PictureError::Damaged(error.to_string())
}
