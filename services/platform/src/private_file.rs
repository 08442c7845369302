//! Files that only their owner can read: keys and tokens.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
};

/// Writes a secret to a new file of mode 0600.
///
/// # Errors
///
/// The file exists or can't be written.
pub fn create(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Writes a secret to a file of mode 0600, atomically in place of the one before. The file is on disk when this returns, because
/// data that is encrypted later can't be read without its key.
///
/// # Errors
///
/// The file can't be written.
pub fn replace(path: &Path, text: &str) -> io::Result<()> {
    let fresh = path.with_added_extension("new");
    let _absent = fs::remove_file(&fresh);
    create(&fresh, text)?;
    fs::rename(&fresh, path)?;
    sync_folder(path)
}

/// Removes a file for good: the folder is on disk when this returns. A file that is absent is no error.
///
/// # Errors
///
/// The file can't be removed.
pub fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => sync_folder(path),
    }
}

fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if folder != Path::new("") => File::open(folder)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}

/// Creates a folder that only its owner may enter. The permissions of an existing one are not changed.
///
/// # Errors
///
/// The folder can't be created.
pub fn create_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).recursive(true).create(path)
}
