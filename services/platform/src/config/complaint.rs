//! Configuration of the complaint service.

use serde::{Deserialize, Serialize};

use super::{keys, list};

/// Complaints and consultation.
#[derive(Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Complaint {
    /// Keys that encrypt personal data and free text, `ID:BASE64` of 32 bytes each; the first one encrypts, every one
    /// decrypts. In the environment they are separated by commas. They are never printed. `prima up` generates one when
    /// there is none; a service that runs by itself does not start without a key.
    #[serde(deserialize_with = "list")]
    pub keys: Vec<String>,
    /// How often the sweep looks for deadlines and periods that are due, milliseconds.
    pub sweep_millis: u64,
    /// Most complaints that one transaction of the sweep processes.
    pub sweep_batch: usize,
    /// Days from the closing of a complaint until its identities are erased.
    pub identity_days: u32,
    /// Days from the closing of a complaint until its free text and attachments are erased.
    pub text_days: u32,
    /// First working day of a deadline: `next_working_day` or `same_day`.
    pub first_day: String,
    /// Longest attachment, bytes.
    pub attachment_bytes: u64,
    /// Least number of people with which published ratings change, and counts of complaints for readers without access
    /// to the complaints. With 1, all change at once.
    pub disclosure_step: u32,
}

impl Default for Complaint {
    fn default() -> Self {
        Self {
            keys: Vec::new(),
            sweep_millis: 1000,
            sweep_batch: 20,
            identity_days: 730,
            text_days: 1825,
            first_day: "next_working_day".into(),
            attachment_bytes: 10 << 20,
            disclosure_step: 5,
        }
    }
}

impl Complaint {
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = keys::faults("complaint.keys", &self.keys);
        for (name, zero) in [
            ("sweep_millis", self.sweep_millis == 0),
            ("sweep_batch", self.sweep_batch == 0),
            ("identity_days", self.identity_days == 0),
            ("text_days", self.text_days == 0),
            ("attachment_bytes", self.attachment_bytes == 0),
            ("disclosure_step", self.disclosure_step == 0),
        ] {
            if zero {
                faults.push(format!("complaint.{name} paling sedikit 1"));
            }
        }
        if !["next_working_day", "same_day"].contains(&self.first_day.as_str()) {
            faults.push("complaint.first_day harus next_working_day atau same_day".to_owned());
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use figment::Jail;

    use super::*;
    use crate::{
        config::{Config, Error},
        vault::Keyring,
    };

    fn key(id: &str) -> String {
        format!("{id}:{}", Keyring::generate_key().unwrap())
    }

    #[test]
    fn keys_come_from_the_environment_with_commas_and_from_a_file_as_a_list() {
        let (new, old) = (key("k2"), key("k1"));
        Jail::expect_with(|jail| {
            let load = || Config::load(Some("prima.toml".as_ref())).unwrap().complaint.keys;
            jail.create_file("prima.toml", &format!("complaint.keys = ['{old}']"))?;
            assert_eq!(load(), std::slice::from_ref(&old));
            for text in [
                format!("{new},{old}"),
                format!("{new}, {old},"),
                format!("[\"{new}\",\"{old}\"]"),
            ] {
                jail.set_env("PRIMA_COMPLAINT__KEYS", text);
                assert_eq!(load(), [new.clone(), old.clone()]);
            }
            jail.set_env("PRIMA_COMPLAINT__KEYS", &new);
            assert_eq!(load(), std::slice::from_ref(&new));
            jail.set_env("PRIMA_COMPLAINT__KEYS", "");
            assert_eq!(load(), [""; 0]);
            Ok(())
        });
    }

    #[test]
    fn a_printed_configuration_shows_ids_of_keys_and_no_key() {
        let mut config = Config::default();
        config.complaint.keys = vec!["k2:cmFoYXNpYQ==".into(), "cmFoYXNpYQ==".into()];
        let shown = config.masked()["complaint"]["keys"].to_string();
        assert_eq!(shown, r#"["k2:***","***"]"#);
    }

    #[test]
    fn every_fault_of_the_section_is_named_and_no_keys_are_valid() {
        let mut config = Config::default();
        config.validate().unwrap();
        config.complaint = Complaint {
            keys: vec![key("k1"), "k1:cmFoYXNpYQ==".into()],
            sweep_millis: 0,
            sweep_batch: 0,
            identity_days: 0,
            text_days: 0,
            first_day: "tomorrow".into(),
            attachment_bytes: 0,
            disclosure_step: 0,
        };
        let Err(Error::Invalid(faults)) = config.validate() else {
            panic!("has faults");
        };
        for name in [
            "keys: kunci 2: ID k1",
            "keys: kunci 2 bukan base64",
            "sweep_millis",
            "sweep_batch",
            "identity_days",
            "text_days",
            "first_day",
            "attachment_bytes",
            "disclosure_step",
        ] {
            let name = format!("complaint.{name}");
            assert!(faults.iter().any(|f| f.starts_with(&name)), "{name}: {faults:?}");
        }
        assert_eq!(faults.len(), 9);
        assert!(!faults.concat().contains("cmFo"));
    }
}
