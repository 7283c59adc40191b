//! Network file systems, on which a database can be corrupted.

use std::path::Path;

/// Warns if the folder of the database is on a network file system: its locks do not hold between machines, and the shared
/// memory of the log does not exist there (sqlite.org/wal.html).
pub(super) fn warn_if_on_network(database: &Path) {
    if let Some(name) = network_file_system(database) {
        tracing::warn!(
            "The database is on a network file system ({name}), where its locks are not reliable and commits can be \
             lost; move it to a local disk, and never run two services on it"
        );
    }
}

#[cfg(target_os = "linux")]
fn network_file_system(path: &Path) -> Option<&'static str> {
    // The type's width differs between platforms.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the magic numbers have 32 bits"
    )]
    let magic = rustix::fs::statfs(path).ok()?.f_type as u32;
    name_of(magic)
}

#[cfg(not(target_os = "linux"))]
fn network_file_system(_: &Path) -> Option<&'static str> {
    None
}

/// The magic numbers of statfs(2).
#[cfg(target_os = "linux")]
fn name_of(magic: u32) -> Option<&'static str> {
    Some(match magic {
        0x6969 => "NFS",
        0x517B | 0xFF53_4D42 | 0xFE53_4D42 => "SMB",
        0x0102_1997 => "9P",
        0x00C3_6400 => "Ceph",
        0x5346_414F | 0x6B41_4653 => "AFS",
        0x7375_7245 => "Coda",
        0x0BD0_0BD0 => "Lustre",
        0x0116_1970 => "GFS2",
        _ => return None,
    })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn network_file_systems_are_told_from_local_ones() {
        assert_eq!((name_of(0x6969), name_of(0xFF53_4D42)), (Some("NFS"), Some("SMB")));
        // ext4, tmpfs, overlay, xfs.
        for local in [0xEF53, 0x0102_1994, 0x794C_7630, 0x5846_5342] {
            assert_eq!(name_of(local), None, "{local:x}");
        }
        assert_eq!(network_file_system(Path::new("/proc")), None);
    }
}
