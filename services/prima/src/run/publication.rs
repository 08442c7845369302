//! What `prima up` needs to publish league tables: a key, and a folder for the files that everybody may read.

use std::path::Path;

use anyhow::{Context as _, bail};
use prima_platform::{
    config::{self, Config},
    key_store::{Entry, KeyStore, Purpose},
    private_file,
    tlog::{checkpoint::signer_key, note::Kind},
    token::Signer,
};

/// Name of the file with the public keys of the log, in the data folder. It is not beside what they verify, so whoever runs `prima up`
/// can trust it.
pub(crate) const PUBLIC: &str = "publication.pub";

/// Sets the key as [`local`] does, and writes its public half.
pub(super) fn prepare(config: &mut Config, data: &Path, demo: bool) -> anyhow::Result<()> {
    local(config, data, demo)?;
    let settings = &config.publication;
    let signer = Signer::load(settings.key.as_ref()).with_context(|| format!("kunci {}", settings.key))?;
    let own = signer_key(&signer, &settings.origin, Kind::Note).context("publication.origin")?;
    let keys = settings.log_keys(Some(own));
    let text: String = keys.iter().map(|key| format!("{key}\n")).collect();
    let path = data.join(PUBLIC);
    private_file::replace(&path, &text).with_context(|| format!("berkas {}", path.display()))
}

/// Sets the key unless one is configured: the one of the store in `keys` that signs publications, otherwise `publication.key`, which is
/// made at the first start. The files are written to `public`. A demo shows its publication at once, so it has no least period of
/// objection.
fn local(config: &mut Config, data: &Path, demo: bool) -> anyhow::Result<()> {
    let settings = &mut config.publication;
    if settings.url == config::Publication::default().url {
        settings.url = format!("file:{}", data.join("public").display());
    }
    if demo {
        settings.objection_hours = 0;
    }
    if !settings.key.is_empty() {
        return Ok(());
    }
    let folder = data.join("keys");
    let store = KeyStore::open(&folder)?;
    let active = store.signer(Purpose::Publications)?;
    let first = data.join("publication.key");
    let path = match &active {
        Some(active) => {
            let own = store
                .keys()
                .iter()
                .find(|key| key.public_key == active.public_key());
            let id = own.map(|key| key.id.as_str()).unwrap_or_default();
            folder.join(format!("{id}.key"))
        }
        None => first.clone(),
    };
    if active.is_none() && !path.exists() {
        let made = Signer::generate().and_then(|signer| signer.save(&path));
        made.with_context(|| format!("kunci {}", path.display()))?;
    }
    let signer = Signer::load(&path).with_context(|| format!("kunci {}", path.display()))?;
    let leaked = |key: &Entry| !key.reason.is_empty() && key.public_key == signer.public_key();
    if let Some(leaked) = store.keys().iter().find(|key| leaked(key)) {
        bail!(
            "kunci {} ditandai bocor ({}); buat yang baru: prima key rotate --purpose publications --store {}",
            path.display(),
            leaked.id,
            folder.display()
        );
    }
    let known = store
        .keys()
        .iter()
        .filter(|key| key.purpose == Purpose::Publications);
    let earlier = known.filter(|key| key.reason.is_empty() && key.public_key != signer.public_key());
    settings
        .earlier_keys
        .extend(earlier.map(|key| key.public_key.clone()));
    // What the key of the first start has signed stays valid, unless the store knows it and says otherwise.
    if path != first && first.exists() {
        let signer = Signer::load(&first).with_context(|| format!("kunci {}", first.display()))?;
        let own = signer.public_key();
        if store.keys().iter().all(|key| key.public_key != own) {
            settings.earlier_keys.push(own.to_owned());
        }
    }
    settings.key = path.display().to_string();
    Ok(())
}

#[cfg(test)]
mod tests {
    use prima_platform::{clock::Clock, tlog::note::VerifierKey};

    use super::*;

    #[test]
    fn what_the_key_of_the_first_start_signed_stays_valid() {
        let folder = tempfile::tempdir().unwrap();
        let settings = || {
            let mut config = Config::default();
            prepare(&mut config, folder.path(), false).unwrap();
            config.publication
        };
        let first = settings();
        assert!(first.earlier_keys.is_empty());
        let public = Signer::load(first.key.as_ref()).unwrap().public_key().to_owned();

        let (store, now) = (folder.path().join("keys"), Clock::system().now());
        KeyStore::rotate(&store, Purpose::Publications, "baru", now).unwrap();
        let second = settings();
        assert_ne!(second.key, first.key);
        assert_eq!(second.earlier_keys, [public]);
        let written = std::fs::read_to_string(folder.path().join(PUBLIC)).unwrap();
        assert_eq!(VerifierKey::list(&written).unwrap().len(), 2, "{written}");
    }

    #[test]
    fn a_key_that_has_leaked_signs_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let start = || {
            let mut config = Config::default();
            prepare(&mut config, folder.path(), false).map(|()| config.publication)
        };
        let first = Signer::load(start().unwrap().key.as_ref()).unwrap();
        let (store, now) = (folder.path().join("keys"), Clock::system().now());
        KeyStore::add(&store, Purpose::Publications, "pertama", &first, now).unwrap();
        KeyStore::compromise(&store, "pertama", "Uji.", now).unwrap();
        let fault = start().unwrap_err().to_string();
        assert!(fault.contains("bocor (pertama)"), "{fault}");
        KeyStore::rotate(&store, Purpose::Publications, "kedua", now).unwrap();
        let settings = start().unwrap();
        assert_eq!(settings.earlier_keys, Vec::<String>::new());
        let written = std::fs::read_to_string(folder.path().join(PUBLIC)).unwrap();
        assert_eq!(VerifierKey::list(&written).unwrap().len(), 1, "{written}");
    }
}
