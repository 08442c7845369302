//! Settings that are lists of encryption keys.

use crate::vault::Keyring;

/// What is wrong with the keys of a setting, in Indonesian; none at all is accepted, because not every process needs keys.
pub(super) fn faults(setting: &str, keys: &[String]) -> Vec<String> {
    if keys.is_empty() {
        return Vec::new();
    }
    let faults = Keyring::parse(keys).err().unwrap_or_default();
    faults
        .into_iter()
        .map(|fault| format!("{setting}: {fault}"))
        .collect()
}

/// Redacts the keys but not their ids, which show which keys are in use.
pub(super) fn mask(keys: &mut [String]) {
    for key in keys {
        *key = match key.split_once(':') {
            Some((id, _)) => format!("{id}:***"),
            None => "***".to_owned(),
        };
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    #[test]
    fn keys_of_surveys_are_checked_and_redacted_as_those_of_complaints() {
        let mut config = Config::default();
        config.validate().unwrap();
        config.survey.keys = vec!["k2:cmFoYXNpYQ==".into(), "cmFoYXNpYQ==".into()];
        let text = config.validate().unwrap_err().to_string();
        assert!(text.contains("survey.keys: kunci 1 bukan base64"), "{text}");
        assert!(text.contains("survey.keys: kunci 2 tidak berbentuk"), "{text}");
        assert!(!text.contains("cmFo"), "{text}");
        assert_eq!(
            config.masked()["survey"]["keys"].to_string(),
            r#"["k2:***","***"]"#
        );
    }
}
