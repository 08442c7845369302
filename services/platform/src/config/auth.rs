//! Who may issue tokens: keys of the installation itself, and issuers of OpenID Connect.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use url::{Host, Url};

use super::list;
use crate::{
    caller::Role,
    jws::{self, Algorithm, ED25519},
};

/// Longest tolerated difference between the clocks of an issuer and of a service, seconds.
const LEEWAY: u64 = 60;
/// Longest life of a token of a person, hours.
const PERSON_HOURS: u32 = 24;
/// Longest life of a token of a system, days.
const SYSTEM_DAYS: u32 = 365;
/// Least and greatest interval in which the keys of an issuer are read again, seconds.
const REFRESH: std::ops::RangeInclusive<u64> = 10..=60;

/// Authentication of callers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Auth {
    /// Ed25519 public key with which tokens of this installation are verified, base64. `prima up` generates a key when this and
    /// `public_keys` are empty.
    pub public_key: String,
    /// More such keys, `ID:BASE64`, as `prima token --key FOLDER --public` prints them; in the environment with commas.
    #[serde(deserialize_with = "list")]
    pub public_keys: Vec<String>,
    /// Issuers of OpenID Connect.
    pub issuers: Vec<Issuer>,
    /// Tolerated difference between the clocks of an issuer and of this process, seconds, at most 60.
    pub leeway_seconds: u64,
    /// Longest life of a token of a person, hours, at most 24.
    pub person_hours: u32,
    /// Longest life of a token of a system, days, at most 365.
    pub system_days: u32,
    /// How often the keys of issuers are read, seconds, 10 to 60: so soon a key that an issuer withdraws is refused.
    pub refresh_seconds: u64,
}

impl Default for Auth {
    fn default() -> Self {
        Self {
            public_key: String::new(),
            public_keys: Vec::new(),
            issuers: Vec::new(),
            leeway_seconds: LEEWAY,
            person_hours: PERSON_HOURS,
            system_days: SYSTEM_DAYS,
            refresh_seconds: 30,
        }
    }
}

/// Whom a token is issued to, which bounds its life.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Holder {
    /// An official, who signs on each day.
    #[default]
    Person,
    /// A system, such as a regional portal.
    System,
}

impl Holder {
    /// The value of the claim `kind`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::System => "system",
        }
    }
}

/// An issuer of OpenID Connect, and what its tokens may say.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Issuer {
    /// Its identifier, which is the claim `iss` and the address of its discovery document: `https://…`; `http://` only on this
    /// machine.
    pub url: String,
    /// Audiences that stand for this installation; a token must be for one of them.
    #[serde(deserialize_with = "list")]
    pub audiences: Vec<String>,
    /// Algorithms with which its tokens may be signed: `EdDSA`, `ES256`, `ES384`, `ES512`, `RS256`, `PS256`.
    #[serde(deserialize_with = "list")]
    pub algorithms: Vec<String>,
    /// Clients that may present its tokens (`azp`); empty for any.
    #[serde(deserialize_with = "list")]
    pub authorized_parties: Vec<String>,
    /// Whom it issues tokens to, `person` or `system`.
    pub kind: Holder,
    /// The claim with the roles: a name, or a JSON pointer such as `/realm_access/roles`.
    pub roles_claim: String,
    /// Which role of Prima each value of that claim stands for; other values mean nothing.
    pub roles: BTreeMap<String, String>,
    /// The claim with the ids of agencies, a name or a JSON pointer; when it is empty, tokens are for all of `agencies`.
    pub agencies_claim: String,
    /// Agencies that the issuer may speak for: ids, or `*` for all. What else a token names is left out.
    #[serde(deserialize_with = "list")]
    pub agencies: Vec<String>,
}

impl Auth {
    /// Whether a caller with a token could be recognised at all.
    pub fn is_empty(&self) -> bool {
        self.public_key.is_empty() && self.public_keys.is_empty() && self.issuers.is_empty()
    }

    /// The keys of this installation with the ids that the configuration gives them, after that of `public_key`, which has none.
    /// `None` for one that is malformed.
    pub(crate) fn local_keys(&self) -> Vec<Option<(String, [u8; ED25519])>> {
        let one = (!self.public_key.is_empty())
            .then(|| jws::public_key(&self.public_key).map(|raw| (String::new(), raw)));
        let more = self.public_keys.iter().map(|text| {
            let (id, key) = text.split_once(':')?;
            let is_id = (1..=64).contains(&id.len())
                && id
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
            Some((is_id.then(|| id.to_owned())?, jws::public_key(key)?))
        });
        one.into_iter().chain(more).collect()
    }

    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if !self.public_key.is_empty() && jws::public_key(&self.public_key).is_none() {
            faults.push(
                "auth.public_key bukan kunci publik Ed25519 dalam base64 (cetak dengan: prima token --public)"
                    .to_owned(),
            );
        }
        let keys = self.local_keys();
        let keys = keys.iter().skip(usize::from(!self.public_key.is_empty()));
        let mut ids = BTreeSet::new();
        for (number, key) in (1..).zip(keys) {
            match key {
                None => faults.push(format!(
                    "auth.public_keys: kunci {number} tidak berbentuk ID:BASE64 (cetak dengan: prima token --key DIR --public)"
                )),
                Some((id, _)) if !ids.insert(id) => {
                    faults.push(format!("auth.public_keys: ID {id} muncul dua kali"));
                }
                Some(_) => {}
            }
        }
        if self.leeway_seconds > LEEWAY {
            faults.push(format!("auth.leeway_seconds paling banyak {LEEWAY}"));
        }
        if !(1..=PERSON_HOURS).contains(&self.person_hours) {
            faults.push(format!("auth.person_hours harus 1 sampai {PERSON_HOURS}"));
        }
        if !(1..=SYSTEM_DAYS).contains(&self.system_days) {
            faults.push(format!("auth.system_days harus 1 sampai {SYSTEM_DAYS}"));
        }
        if !REFRESH.contains(&self.refresh_seconds) {
            let (least, most) = REFRESH.into_inner();
            faults.push(format!("auth.refresh_seconds harus {least} sampai {most}"));
        }
        let mut urls = BTreeSet::new();
        for (number, issuer) in (1..).zip(&self.issuers) {
            let own = issuer.faults().into_iter();
            faults.extend(own.map(|fault| format!("auth.issuers {number}: {fault}")));
            if !urls.insert(&issuer.url) {
                faults.push(format!("auth.issuers {number}: url muncul dua kali"));
            }
        }
        faults
    }
}

impl Issuer {
    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if !is_safe(&self.url) {
            faults.push("url harus https://… tanpa kueri (http:// hanya untuk mesin ini sendiri)".to_owned());
        }
        for (name, values) in [
            ("audiences", &self.audiences),
            ("algorithms", &self.algorithms),
            ("agencies", &self.agencies),
        ] {
            if values.is_empty() || values.iter().any(String::is_empty) {
                faults.push(format!("{name} wajib diisi"));
            }
        }
        let known = Algorithm::ALL.map(Algorithm::name).join(", ");
        for name in self
            .algorithms
            .iter()
            .filter(|name| Algorithm::parse(name).is_none())
        {
            faults.push(format!("algorithms memuat {name}; pilihannya: {known}"));
        }
        if self.roles_claim.is_empty() {
            faults.push("roles_claim wajib diisi".to_owned());
        }
        if self.roles.is_empty() {
            faults.push("roles wajib diisi".to_owned());
        }
        for role in self.roles.values().filter(|role| Role::parse(role).is_none()) {
            faults.push(format!("roles memuat peran {role} yang tidak dikenal"));
        }
        faults
    }
}

/// Whether nobody on the network can change what is read at an address: HTTPS, or this machine.
pub(crate) fn is_safe(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    let bare = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    let local = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(_)) | None => false,
    };
    bare && url.fragment().is_none()
        && url.has_host()
        && (url.scheme() == "https" || url.scheme() == "http" && local)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Error};

    #[test]
    fn every_fault_of_the_section_is_named() {
        let auth = Auth {
            public_key: "x".into(),
            public_keys: vec!["k1:x".into()],
            issuers: vec![
                Issuer::default(),
                Issuer {
                    url: "http://sso.bogor.go.id".into(),
                    audiences: vec!["prima".into()],
                    algorithms: vec!["HS256".into()],
                    roles_claim: "roles".into(),
                    roles: BTreeMap::from([("a".into(), "raja".into())]),
                    agencies: vec!["3271".into()],
                    ..Issuer::default()
                },
            ],
            leeway_seconds: 61,
            person_hours: 25,
            system_days: 366,
            refresh_seconds: 61,
        };
        let config = Config {
            auth,
            ..Config::default()
        };
        let Err(Error::Invalid(faults)) = config.validate() else {
            panic!("has faults");
        };
        for part in [
            "auth.public_key ",
            "auth.public_keys: kunci 1",
            "auth.leeway_seconds",
            "auth.person_hours",
            "auth.system_days",
            "auth.refresh_seconds",
            "auth.issuers 1: url",
            "auth.issuers 1: audiences",
            "auth.issuers 1: algorithms",
            "auth.issuers 1: agencies",
            "auth.issuers 1: roles_claim",
            "auth.issuers 1: roles wajib",
            "auth.issuers 2: url",
            "auth.issuers 2: algorithms memuat HS256",
            "auth.issuers 2: roles memuat peran raja",
        ] {
            assert!(
                faults.iter().any(|fault| fault.starts_with(part)),
                "{part}: {faults:?}"
            );
        }
        assert_eq!(faults.len(), 15, "{faults:?}");
    }

    #[test]
    fn issuers_are_read_from_a_file_and_from_the_environment() {
        figment::Jail::expect_with(|jail| {
            jail.create_file(
                "p.toml",
                "[[auth.issuers]]\nurl = 'https://sso.go.id/realms/asn'\naudiences = ['prima']\nalgorithms = ['ES512']\n\
                 roles_claim = '/realm_access/roles'\nroles = {prima-penilai = 'evaluator'}\nagencies = ['*']\nkind = 'person'",
            )?;
            let config = Config::load(Some("p.toml".as_ref())).unwrap();
            config.validate().unwrap();
            assert_eq!(config.auth.issuers[0].roles["prima-penilai"], "evaluator");
            jail.set_env(
                "PRIMA_AUTH__ISSUERS",
                r#"[{url="https://sso.bogor.go.id",audiences=["prima"],algorithms=["RS256"],roles_claim="roles",roles={op="operator"},agencies=["3271"],kind="system"}]"#,
            );
            let config = Config::load(Some("p.toml".as_ref())).unwrap();
            config.validate().unwrap();
            assert_eq!(config.auth.issuers.len(), 1);
            assert_eq!(config.auth.issuers[0].kind, Holder::System);
            Ok(())
        });
    }

    #[test]
    fn only_this_machine_is_read_without_tls() {
        for safe in [
            "https://sso.go.id/realms/a",
            "http://127.0.0.1:8080",
            "http://[::1]:1/x",
        ] {
            assert!(is_safe(safe), "{safe}");
        }
        for unsafe_ in [
            "http://sso.go.id",
            "http://localhost:1",
            "http://10.0.0.1",
            "https://a:b@sso.go.id",
            "https://sso.go.id?x=1",
            "https://sso.go.id#x",
            "file:///etc/passwd",
            "sso.go.id",
            "",
        ] {
            assert!(!is_safe(unsafe_), "{unsafe_}");
        }
    }
}
