//! The keys in the folder of data.

use std::{fs, os::unix::fs::PermissionsExt};

use prima_platform::{config::Config, private_file};

use super::{local_keys, token::new_key};

#[test]
fn only_its_owner_may_enter_the_directory_of_data() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("a/b");
    private_file::create_folder(&data).unwrap();
    private_file::create_folder(&data).unwrap();
    assert_eq!(data.metadata().unwrap().permissions().mode() & 0o777, 0o700);
}

fn keys(config: Config, data: &std::path::Path) -> anyhow::Result<Vec<String>> {
    let mut config = config;
    local_keys(&mut config, data)?;
    Ok(config.complaint.keys)
}

#[test]
fn texts_of_respondents_have_a_key_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::default();
    config.complaint.keys = vec![new_key("a").unwrap()];
    local_keys(&mut config, folder.path()).unwrap();
    let file = folder.path().join("survey.key");
    assert_eq!(
        fs::read_to_string(&file).unwrap(),
        format!("{}\n", config.survey.keys[0])
    );
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_ne!(config.survey.keys, config.complaint.keys);
    let mut next = Config::default();
    local_keys(&mut next, folder.path()).unwrap();
    assert_eq!(next.survey.keys, config.survey.keys);
}

#[test]
fn the_first_start_makes_a_key_of_complaints_and_the_next_ones_use_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("complaint.key");
    let first = keys(Config::default(), folder.path()).unwrap();
    assert!(first.len() == 1 && first[0].starts_with("k1:"));
    assert_eq!(fs::read_to_string(&file).unwrap(), format!("{}\n", first[0]));
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(keys(Config::default(), folder.path()).unwrap(), first);

    let newer = new_key("k2").unwrap();
    fs::write(&file, format!("{newer}\n{}\n", first[0])).unwrap();
    let both = keys(Config::default(), folder.path()).unwrap();
    assert_eq!(both, [newer, first[0].clone()]);
}

#[test]
fn configured_keys_of_complaints_need_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::default();
    config.complaint.keys = vec![new_key("a").unwrap()];
    let configured = config.complaint.keys.clone();
    assert_eq!(keys(config, folder.path()).unwrap(), configured);
    assert!(!folder.path().join("complaint.key").exists());
}

#[test]
fn a_file_of_keys_that_cannot_be_used_is_named_and_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    for text in ["", "k1:cmFoYXNpYQ==", "cmFoYXNpYQ=="] {
        fs::write(folder.path().join("complaint.key"), text).unwrap();
        let error = keys(Config::default(), folder.path()).unwrap_err().to_string();
        assert!(
            error.contains("complaint.key") && !error.contains("cmFo"),
            "{error}"
        );
    }
}

#[test]
fn an_id_of_a_key_that_cannot_be_used_is_refused() {
    assert_ne!(new_key("k1").unwrap(), new_key("k1").unwrap());
    for id in ["", "K1", "a:b", "k_1", "abcdefghijklmnopq"] {
        assert!(new_key(id).is_err(), "{id:?}");
    }
}
