//! What the tokens of an issuer may say, and what they say.

use std::{collections::BTreeMap, sync::Arc};

use chrono::Duration;
use serde_json::{Map, Value};

use super::Error;
use crate::{
    caller::{Caller, ISSUER, Role},
    config::{self, Holder},
    jws::Algorithm,
};

/// Longest text of a claim, bytes.
const LONGEST: usize = 255;
/// Most roles and most agencies that a token may list.
const MOST: usize = 1000;

/// Bounds on times.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    leeway: i64,
    person: i64,
    system: i64,
}

impl Limits {
    pub(super) fn new(config: &config::Auth) -> Self {
        Self {
            leeway: i64::try_from(config.leeway_seconds).unwrap_or(0),
            person: Duration::hours(i64::from(config.person_hours)).num_seconds(),
            system: Duration::days(i64::from(config.system_days)).num_seconds(),
        }
    }

    /// The longest life of a token, seconds.
    pub(super) fn life(self, holder: Holder) -> i64 {
        match holder {
            Holder::Person => self.person,
            Holder::System => self.system,
        }
    }

    /// `Ok` when a token that expires at `expires`, unix seconds, has not expired.
    pub(super) fn alive(self, expires: i64, now: i64) -> Result<(), Error> {
        match now < expires.saturating_add(self.leeway) {
            true => Ok(()),
            false => Err(Error::Expired),
        }
    }
}

/// How the tokens of one issuer are read.
pub(super) struct Rule {
    /// The value of `iss`.
    pub(super) issuer: Arc<str>,
    pub(super) algorithms: Vec<Algorithm>,
    audiences: Vec<String>,
    parties: Vec<String>,
    /// Whom the tokens are issued to; `None` when the claim `kind` says so.
    holder: Option<Holder>,
    roles_claim: String,
    /// Which role a value stands for; `None` when it is the role's name.
    roles: Option<BTreeMap<String, Role>>,
    agencies_claim: Option<String>,
    /// Agencies that the issuer may speak for; `*` is all.
    within: Vec<String>,
}

/// What a token says.
#[derive(Debug)]
pub(super) struct Claims {
    pub(super) caller: Caller,
    /// The claim `sub` itself.
    pub(super) subject: String,
    pub(super) id: Option<String>,
    /// Unix seconds.
    pub(super) issued: i64,
    /// Unix seconds.
    pub(super) expires: i64,
}

impl Rule {
    /// Tokens of this installation.
    pub(super) fn local() -> Self {
        Self {
            issuer: ISSUER.into(),
            algorithms: vec![Algorithm::EdDsa],
            audiences: Vec::new(),
            parties: Vec::new(),
            holder: None,
            roles_claim: "roles".into(),
            roles: None,
            agencies_claim: Some("agencies".into()),
            within: vec!["*".into()],
        }
    }

    /// Tokens of an issuer of OpenID Connect.
    pub(super) fn of(config: &config::Issuer) -> Self {
        let algorithms = config.algorithms.iter().filter_map(|name| Algorithm::parse(name));
        let roles = config.roles.iter();
        let roles = roles.filter_map(|(value, role)| Some((value.clone(), Role::parse(role)?)));
        Self {
            issuer: config.url.as_str().into(),
            algorithms: algorithms.collect(),
            audiences: config.audiences.clone(),
            parties: config.authorized_parties.clone(),
            holder: Some(config.kind),
            roles_claim: config.roles_claim.clone(),
            roles: Some(roles.collect()),
            agencies_claim: (!config.agencies_claim.is_empty()).then(|| config.agencies_claim.clone()),
            within: config.agencies.clone(),
        }
    }

    /// Reads and checks the claims of a token whose signature was verified; `now` is in unix seconds.
    ///
    /// # Errors
    ///
    /// A claim is missing or has a wrong type or value, or the token is not valid now or not here.
    pub(super) fn read(
        &self,
        claims: &Map<String, Value>,
        limits: Limits,
        now: i64,
    ) -> Result<Claims, Error> {
        let text = |name: &'static str| match claims.get(name) {
            None => Ok(None),
            Some(Value::String(text)) if is_text(text) => Ok(Some(text.clone())),
            Some(_) => Err(Error::Claim(name)),
        };
        let time = |name: &'static str| match claims.get(name) {
            None => Ok(None),
            // Whole seconds, from 1970 on.
            Some(value) => match value.as_i64() {
                Some(seconds) if seconds >= 0 => Ok(Some(seconds)),
                _ => Err(Error::Claim(name)),
            },
        };
        let subject = text("sub")?.ok_or(Error::Claim("sub"))?;
        let issued = time("iat")?.ok_or(Error::Claim("iat"))?;
        let expires = time("exp")?.ok_or(Error::Claim("exp"))?;
        let not_before = time("nbf")?;
        let id = text("jti")?;
        let party = text("azp")?;
        self.check_audience(claims.get("aud"))?;
        if !self.parties.is_empty() && !party.is_some_and(|party| self.parties.contains(&party)) {
            return Err(Error::Party);
        }
        let holder = match self.holder {
            Some(holder) => holder,
            None => match text("kind")?.as_deref() {
                // Tokens of earlier releases say nothing, and were for systems.
                None | Some("system") => Holder::System,
                Some("person") => Holder::Person,
                Some(_) => return Err(Error::Claim("kind")),
            },
        };
        limits.alive(expires, now)?;
        let latest = now.saturating_add(limits.leeway);
        if issued > latest || not_before.is_some_and(|not_before| not_before > latest) {
            return Err(Error::NotYet);
        }
        if expires <= issued {
            return Err(Error::Claim("exp"));
        }
        if expires - issued > limits.life(holder) {
            return Err(Error::Life(limits.life(holder) / 3600));
        }
        let roles = self.roles(claims)?;
        let agencies = self.agencies(claims)?;
        let caller = match &*self.issuer {
            ISSUER => Caller::new(subject.clone(), roles, agencies),
            _ => Caller::of_issuer(Arc::clone(&self.issuer), &subject, roles, agencies),
        };
        Ok(Claims {
            caller,
            subject,
            id,
            issued,
            expires,
        })
    }

    /// Tokens of this installation are for it and have no audience; those of an issuer that serves others too must name this one.
    fn check_audience(&self, audience: Option<&Value>) -> Result<(), Error> {
        let named: Vec<&str> = match audience {
            None => Vec::new(),
            Some(Value::String(one)) if is_text(one) => vec![one],
            Some(Value::Array(_)) => {
                let all = audience.and_then(texts);
                let all = all.filter(|all| !all.is_empty() && all.iter().all(|one| is_text(one)));
                all.ok_or(Error::Claim("aud"))?
            }
            Some(_) => return Err(Error::Claim("aud")),
        };
        let fits = match self.audiences.is_empty() {
            true => named.is_empty(),
            false => named
                .iter()
                .any(|one| self.audiences.iter().any(|own| own == one)),
        };
        if fits { Ok(()) } else { Err(Error::Audience) }
    }

    /// Roles that are not known here mean nothing. An issuer that gives a person no role leaves its claim out.
    fn roles(&self, claims: &Map<String, Value>) -> Result<Vec<Role>, Error> {
        let named = match (find(claims, &self.roles_claim), &self.roles) {
            (Some(value), _) => texts(value).ok_or(Error::Claim("roles"))?,
            (None, Some(_)) => Vec::new(),
            (None, None) => return Err(Error::Claim("roles")),
        };
        let role = |name: &&str| match &self.roles {
            Some(roles) => roles.get(*name).copied(),
            None => Role::parse(name),
        };
        let mut roles: Vec<Role> = Vec::new();
        for role in named.iter().filter_map(role) {
            if !roles.contains(&role) {
                roles.push(role);
            }
        }
        Ok(roles)
    }

    /// Agencies for which the issuer does not speak are left out.
    fn agencies(&self, claims: &Map<String, Value>) -> Result<Vec<String>, Error> {
        let Some(name) = &self.agencies_claim else {
            return Ok(self.within.clone());
        };
        let named = match (find(claims, name), &self.roles) {
            (Some(value), _) => texts(value).ok_or(Error::Claim("agencies"))?,
            (None, Some(_)) => Vec::new(),
            (None, None) => return Err(Error::Claim("agencies")),
        };
        let all = self.within.iter().any(|agency| agency == "*");
        let within = |agency: &&str| all || self.within.iter().any(|own| own == agency);
        Ok(named.into_iter().filter(within).map(str::to_owned).collect())
    }
}

/// The claim of this name, or at this JSON pointer.
fn find<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let Some(path) = name.strip_prefix('/') else {
        return claims.get(name);
    };
    let (first, rest) = path.split_once('/').unwrap_or((path, ""));
    let value = claims.get(&first.replace("~1", "/").replace("~0", "~"))?;
    if rest.is_empty() {
        return Some(value);
    }
    value.pointer(&format!("/{rest}"))
}

/// Whether a text can name something: neither empty nor long, and without control characters.
fn is_text(text: &str) -> bool {
    (1..=LONGEST).contains(&text.len()) && !text.chars().any(char::is_control)
}

/// The texts of a list; `None` when it is none, or contains something else.
fn texts(value: &Value) -> Option<Vec<&str>> {
    let list = value.as_array().filter(|list| list.len() <= MOST)?;
    list.iter().map(Value::as_str).collect()
}
