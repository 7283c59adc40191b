use image::{DynamicImage, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};

use std::io;

use super::*;

/// Red on the left and blue on the right.
fn halves(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(
        width,
        height,
        |x, _| if x < width / 2 { Rgb([220, 20, 20]) } else { Rgb([20, 20, 220]) },
    )
}

fn encoded(picture: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = io::Cursor::new(Vec::new());
    picture.into().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn decoded(jpeg: &[u8]) -> RgbImage {
    assert_eq!(image::guess_format(jpeg).unwrap(), ImageFormat::Jpeg);
    image::load_from_memory(jpeg).unwrap().into_rgb8()
}

fn is_red(pixel: Rgb<u8>) -> bool {
    pixel.0[0] > 150 && pixel.0[2] < 100
}

#[test]
fn each_format_becomes_a_jpeg_in_three_sizes() {
    let picture = halves(2_000, 1_000);
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP, ImageFormat::Gif] {
        let made = make(&encoded(picture.clone(), format)).unwrap();
        assert_eq!(made.dimensions, (1_600, 800), "{format:?}");
        for (jpeg, size) in
            [(&made.small, (320, 160)), (&made.medium, (800, 400)), (&made.large, (1_600, 800))]
        {
            let picture = decoded(jpeg);
            assert_eq!(picture.dimensions(), size, "{format:?}");
            assert!(
                is_red(*picture.get_pixel(5, 5)) && !is_red(*picture.get_pixel(size.0 - 5, 5)),
                "{format:?}"
            );
        }
    }
    let small = make(&encoded(halves(30, 20), ImageFormat::Png)).unwrap();
    assert_eq!(small.dimensions, (30, 20), "pictures are not enlarged");
    assert_eq!(decoded(&small.small).dimensions(), (30, 20));
    assert!(small.small == small.medium && small.medium == small.large);
}

#[test]
fn transparency_becomes_white_and_grey_stays_grey() {
    let clear = RgbaImage::from_pixel(40, 40, Rgba([0, 0, 0, 0]));
    let made = make(&encoded(clear, ImageFormat::Png)).unwrap();
    assert_eq!(decoded(&made.large).get_pixel(20, 20), &Rgb([255, 255, 255]));
    let half = RgbaImage::from_pixel(40, 40, Rgba([0, 0, 0, 128]));
    let made = make(&encoded(half, ImageFormat::Png)).unwrap();
    assert!((120..136).contains(&decoded(&made.large).get_pixel(20, 20).0[0]));
    let grey = DynamicImage::ImageRgb8(RgbImage::from_pixel(40, 40, Rgb([90, 90, 90])));
    for grey in [grey.to_luma8().into(), DynamicImage::ImageLuma16(grey.to_luma16()), grey] {
        let made = make(&encoded(grey, ImageFormat::Png)).unwrap();
        assert!((86..94).contains(&decoded(&made.large).get_pixel(20, 20).0[1]));
    }
}

/// The picture with an EXIF block that says how to turn it, and with a place in it.
fn with_exif(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let mut exif = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0]);
    exif.extend(b"GPS 52.5N 13.4E");
    let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], &[0xff, 0xe1], &length, &exif, &jpeg[2..]].concat()
}

#[test]
fn orientation_is_applied_and_metadata_are_removed() {
    let jpeg = encoded(halves(400, 200), ImageFormat::Jpeg);
    let made = make(&with_exif(&jpeg, 6)).unwrap();
    assert_eq!(made.dimensions, (200, 400));
    let picture = decoded(&made.large);
    assert!(
        is_red(*picture.get_pixel(100, 20)) && !is_red(*picture.get_pixel(100, 380)),
        "the left is the top now"
    );
    for jpeg in [&made.small, &made.medium, &made.large] {
        assert!(!jpeg.windows(4).any(|bytes| bytes == b"Exif" || bytes == b"GPS "));
    }
    let turned = make(&with_exif(&jpeg, 3)).unwrap();
    assert!(!is_red(*decoded(&turned.large).get_pixel(20, 100)));
}

#[test]
fn colours_of_a_profile_are_converted() {
    let picture = RgbImage::from_pixel(50, 50, Rgb([200, 100, 50]));
    let profile = moxcms::ColorProfile::new_display_p3().encode().unwrap();
    let converted = |profile: Vec<u8>| {
        use image::ImageEncoder as _;
        let mut png = Vec::new();
        let mut encoder = image::codecs::png::PngEncoder::new(&mut png);
        encoder.set_icc_profile(profile).unwrap();
        encoder.write_image(picture.as_raw(), 50, 50, image::ExtendedColorType::Rgb8).unwrap();
        *decoded(&make(&png).unwrap().large).get_pixel(25, 25)
    };
    assert!(converted(profile).0[0] > 208, "the red of Display P3 is stronger");
    assert!((196..=204).contains(&converted(b"no profile".to_vec()).0[0]));
}

#[test]
fn what_is_no_picture_is_refused_with_the_reason() {
    let jpeg = encoded(halves(400, 200), ImageFormat::Jpeg);
    let png = encoded(halves(400, 200), ImageFormat::Png);
    for (bytes, reason) in [
        (b"".to_vec(), "is no JPEG, PNG, WebP or GIF"),
        (b"{\"name\":\"Soup\"}".to_vec(), "is no JPEG, PNG, WebP or GIF"),
        (b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>".to_vec(), "is no JPEG, PNG, WebP or GIF"),
        (b"\0\0\0\x20ftypavif\0\0\0\0avifmif1".to_vec(), "is an AVIF"),
        (b"\0\0\0\x20ftypheic\0\0\0\0heicmif1".to_vec(), "is a HEIC"),
        (b"BM\x46\0\0\0".to_vec(), "is a BMP"),
        (jpeg[..20].to_vec(), "cannot be decoded: "),
        (png[..png.len() / 2].to_vec(), "cannot be decoded: "),
    ] {
        let why = make(&bytes).unwrap_err().to_string();
        assert!(why.starts_with(reason), "{why}");
    }
}

/// A PNG that announces this size in its first chunk.
fn announcing(width: u32, height: u32, depth: u8) -> Vec<u8> {
    let mut chunk = b"IHDR".to_vec();
    chunk.extend(width.to_be_bytes().into_iter().chain(height.to_be_bytes()));
    chunk.extend([depth, 6, 0, 0, 0]);
    let mut crc = flate2::Crc::new();
    crc.update(&chunk);
    let png = [b"\x89PNG\r\n\x1a\n".as_slice(), &[0, 0, 0, 13], &chunk, &crc.sum().to_be_bytes()].concat();
    [png, b"\0\0\0\0IDAT\x35\xaf\x06\x1e".to_vec()].concat()
}

#[test]
fn pictures_beyond_the_limits_are_refused_before_they_are_decoded() {
    let too_many = make(&announcing(50_001, 1_000, 8)).unwrap_err();
    assert!(matches!(too_many, PictureError::TooManyPixels { width: 50_001, height: 1_000 }), "{too_many}");
    let widest = make(&announcing(u32::MAX >> 1, u32::MAX >> 1, 8)).unwrap_err();
    assert!(matches!(widest, PictureError::TooManyPixels { .. } | PictureError::Damaged(_)), "{widest}");
    let deep = make(&announcing(7_000, 7_000, 16)).unwrap_err();
    assert!(matches!(deep, PictureError::TooMuchMemory { .. }), "{deep}");
    assert!(deep.to_string().starts_with("needs 373 MiB when it is decoded"), "{deep}");
}

#[test]
fn file_beyond_the_limit_is_refused() {
    assert!(matches!(make(&vec![0; MAX_BYTES + 1]), Err(PictureError::TooLarge)));
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

        /// Damaged pictures are pictures or errors, and never a failure of the server.
        #[test]
        fn damaged_picture_is_no_failure(
            format in prop::sample::select(vec![ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP, ImageFormat::Gif]),
            damages in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
            end in any::<prop::sample::Index>(),
        ) {
            let mut bytes = encoded(halves(60, 40), format);
            for (place, byte) in damages {
                let place = place.index(bytes.len());
                bytes[place] = byte;
            }
            bytes.truncate(end.index(bytes.len()) + bytes.len() / 2);
            let made = make(&bytes);
            prop_assert!(!matches!(made, Err(PictureError::Failed(_))), "a broken picture is no failure of the service");
        }
    }
}
