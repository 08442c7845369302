//! The folder of data of `prima up`: it holds what citizens wrote, and the key that signs tokens, so that only its owner
//! may enter it, and its files are readable by its owner only.

use std::{
    fs::{self, Metadata, Permissions},
    io,
    os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt},
    path::Path,
};

use anyhow::{Context as _, bail};
use nix::{
    sys::stat::{Mode, umask},
    unistd::geteuid,
};

use super::SPECS;

/// Rights of the group and of others.
const OTHERS: u32 = 0o077;
/// Those of them to change a folder.
const OTHERS_WRITE: u32 = 0o022;
/// The file that a run locks.
pub(super) const LOCK: &str = "lock";

/// Lets the files that this process creates from now on be readable by its owner only.
pub(super) fn keep_files_private() {
    umask(Mode::from_bits_truncate(OTHERS));
}

/// Creates the folder, or closes an existing one to others. Fails, in Indonesian, when that must not be done: it belongs to
/// somebody else, others may have put files into it, or it has another purpose.
pub(super) fn make_private(path: &Path) -> anyhow::Result<()> {
    let shown = path.display();
    let found = match fs::metadata(path) {
        Ok(found) if found.is_dir() => found,
        _ => {
            let mut builder = fs::DirBuilder::new();
            builder.mode(0o700).recursive(true);
            return builder
                .create(path)
                .with_context(|| format!("direktori {shown} tidak dapat dibuat"));
        }
    };
    if found.uid() != geteuid().as_raw() {
        bail!("direktori {shown} milik pengguna lain; pilih direktori milik pengguna yang menjalankan prima");
    }
    let open = found.mode() & OTHERS != 0;
    if open {
        let empty = fs::read_dir(path)?.next().is_none();
        if !empty && found.mode() & OTHERS_WRITE != 0 {
            bail!(
                "direktori {shown} dapat diubah pengguna lain, sehingga isinya tidak dapat dipercaya; pilih direktori lain, \
                 atau periksa isinya lalu jalankan: chmod 700 {shown}"
            );
        }
        if !empty && !is_known(path) {
            bail!(
                "direktori {shown} dapat dibuka pengguna lain dan berisi hal lain; pilih direktori lain, atau jalankan: \
                 chmod 700 {shown}"
            );
        }
    }
    close(path, &found, open)
        .with_context(|| format!("direktori {shown} tidak dapat ditutup bagi pengguna lain"))
}

/// Whether an earlier run, or `prima key`, has made files in the folder.
fn is_known(path: &Path) -> bool {
    let databases = SPECS
        .iter()
        .flat_map(|spec| ["db", "lock"].map(|end| format!("{}.{end}", spec.name)));
    let files = [LOCK, "key.pem", "keys", "token", "complaint.key", "survey.key"].map(str::to_owned);
    let mut names = databases.chain(files);
    names.any(|name| path.join(name).exists())
}

/// Takes the rights of others away from a folder and its files; from the folders in it as well when `all`.
fn close(path: &Path, found: &Metadata, all: bool) -> io::Result<()> {
    if found.mode() & OTHERS != 0 {
        fs::set_permissions(path, Permissions::from_mode(found.mode() & 0o7777 & !OTHERS))?;
    }
    if !found.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        // That of a link itself, whose target is elsewhere.
        let found = entry.metadata()?;
        if found.is_file() || (found.is_dir() && all) {
            close(&entry.path(), &found, all)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().permissions().mode() & 0o777
    }

    fn set(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn only_its_owner_may_enter_a_new_folder() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("a/b");
        make_private(&data).unwrap();
        make_private(&data).unwrap();
        assert_eq!(mode(&data), 0o700);
    }

    #[test]
    fn a_folder_of_an_earlier_run_that_others_could_read_is_closed_with_all_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        fs::create_dir_all(data.join("objects/7f")).unwrap();
        let secrets =
            ["lock", "key.pem", "token", "survey.db", "objects/7f/evidence"].map(|name| data.join(name));
        for file in &secrets {
            fs::write(file, "x").unwrap();
            set(file, 0o644);
        }
        let outside = folder.path().join("outside");
        fs::write(&outside, "x").unwrap();
        set(&outside, 0o644);
        std::os::unix::fs::symlink(&outside, data.join("link")).unwrap();
        for open in [0o755, 0o750, 0o711] {
            set(&data, open);
            set(&data.join("objects"), 0o755);
            make_private(&data).unwrap();
            assert_eq!(mode(&data), 0o700);
            assert_eq!(mode(&data.join("objects")), 0o700);
            for file in &secrets {
                assert_eq!(mode(file), 0o600, "{}", file.display());
            }
            assert_eq!(mode(&outside), 0o644, "a link is not followed");
        }
        // The files of a folder that was closed, too.
        set(&secrets[1], 0o644);
        make_private(&data).unwrap();
        assert_eq!(mode(&secrets[1]), 0o600);
    }

    #[test]
    fn a_folder_that_others_may_change_or_that_has_another_purpose_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path();
        set(data, 0o777);
        make_private(data).unwrap();
        assert_eq!(mode(data), 0o700, "an empty one is closed");
        fs::write(data.join("photo"), "x").unwrap();
        for open in [0o755, 0o777, 0o1777, 0o770] {
            set(data, open);
            let refused = make_private(data).unwrap_err().to_string();
            assert!(refused.contains("chmod 700"), "{refused}");
            assert_eq!(data.metadata().unwrap().mode() & 0o7777, open, "it is left alone");
        }
        // Others may have put a key into it, although it is a folder of `prima up`.
        fs::write(data.join(LOCK), "").unwrap();
        set(data, 0o777);
        assert!(
            make_private(data)
                .unwrap_err()
                .to_string()
                .contains("tidak dapat dipercaya")
        );
        set(data, 0o755);
        make_private(data).unwrap();
    }
}
