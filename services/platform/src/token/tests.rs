//! What the verifier accepts and what it refuses. Every refusal is one change of a token that is accepted.

mod kept;

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use chrono::{DateTime, Duration};
use ring::{
    hmac,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::*;
use crate::{
    caller::{Caller, ISSUER, Role},
    clock::Clock,
    config::{Auth, Holder, Issuer},
};

const NOW: i64 = 1_800_000_000;
const SSO: &str = "https://sso.bogor.go.id/realms/asn";

/// A verifier of one local key and one other issuer, whose clock the test sets.
struct Setting {
    signer: Signer,
    sso: EcdsaKeyPair,
    now: Arc<AtomicI64>,
    revoked: Revoked,
    verifier: Verifier,
}

fn pair() -> EcdsaKeyPair {
    let by = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let document = EcdsaKeyPair::generate_pkcs8(by, &SystemRandom::new()).unwrap();
    EcdsaKeyPair::from_pkcs8(by, document.as_ref(), &SystemRandom::new()).unwrap()
}

fn jwk(pair: &EcdsaKeyPair, id: &str) -> Value {
    let point = pair.public_key().as_ref();
    let part = |range: std::ops::Range<usize>| URL_SAFE_NO_PAD.encode(&point[range]);
    json!({"kty": "EC", "crv": "P-256", "kid": id, "use": "sig", "x": part(1..33), "y": part(33..65)})
}

fn issuer() -> Issuer {
    let text = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Issuer {
        url: SSO.into(),
        audiences: text(&["prima", "https://prima.go.id"]),
        algorithms: text(&["ES256"]),
        authorized_parties: text(&["portal"]),
        kind: Holder::Person,
        roles_claim: "/realm_access/roles".into(),
        roles: [("prima-petugas".into(), "operator".into())].into(),
        agencies_claim: "instansi".into(),
        agencies: text(&["3271", "3272"]),
    }
}

impl Setting {
    fn new() -> Self {
        Self::with(issuer())
    }

    fn with(issuer: Issuer) -> Self {
        let (signer, sso, revoked) = (Signer::generate().unwrap(), pair(), Revoked::default());
        let now = Arc::new(AtomicI64::new(NOW));
        let clock = Arc::clone(&now);
        let clock =
            Clock::from_fn(move || DateTime::from_timestamp(clock.load(Ordering::SeqCst), 0).unwrap());
        let auth = Auth {
            public_key: signer.public_key().into(),
            issuers: vec![issuer],
            ..Auth::default()
        };
        let verifier = Verifier::of(&auth, clock, revoked.clone()).unwrap();
        let keys = json!({"keys": [jwk(&sso, "sso-1")]});
        verifier.adopt(SSO, &keys, Instant::now()).unwrap();
        Self {
            signer,
            sso,
            now,
            revoked,
            verifier,
        }
    }

    fn verify(&self, token: &str) -> Result<Caller, String> {
        self.verifier.verify(token).map_err(|error| error.to_string())
    }

    fn local(&self, change: Value) -> Result<Caller, String> {
        self.verify(&self.signer.sign_claims(&changed(local(), change)).unwrap())
    }

    fn remote(&self, change: Value) -> Result<Caller, String> {
        self.verify(&sign(&self.sso, &header(), &changed(remote(), change)))
    }
}

fn local() -> Value {
    json!({
        "iss": ISSUER, "sub": "portal", "jti": "t1", "kind": "system", "iat": NOW, "exp": NOW + 3600,
        "roles": ["intake", "unknown"], "agencies": ["3271"]
    })
}

fn remote() -> Value {
    json!({
        "iss": SSO, "sub": "19850101", "jti": "t1", "aud": "prima", "azp": "portal", "iat": NOW, "exp": NOW + 3600,
        "realm_access": {"roles": ["prima-petugas", "offline_access"]}, "instansi": ["3271", "3173", "*"]
    })
}

fn header() -> Value {
    json!({"alg": "ES256", "typ": "JWT", "kid": "sso-1"})
}

/// Fields of `change` in place of those of `claims`; a null removes one.
fn changed(mut claims: Value, change: Value) -> Value {
    let object = claims.as_object_mut().unwrap();
    for (name, value) in change.as_object().unwrap() {
        object.insert(name.clone(), value.clone());
    }
    object.retain(|_, value| !value.is_null());
    claims
}

fn sign(pair: &EcdsaKeyPair, header: &Value, claims: &Value) -> String {
    let input = jws::signing_input(header, claims);
    let signature = pair.sign(&SystemRandom::new(), input.as_bytes()).unwrap();
    jws::compact(&input, signature.as_ref())
}

fn refused(result: Result<Caller, String>, why: &str, what: impl std::fmt::Display) {
    match result {
        Err(error) => assert!(error.contains(why), "{what}: {error}"),
        Ok(caller) => panic!("{what} is accepted: {caller:?}"),
    }
}

#[test]
fn a_token_of_each_issuer_names_its_caller() {
    let setting = Setting::new();
    let caller = setting.local(json!({})).unwrap();
    assert_eq!((caller.subject(), caller.issuer()), ("portal", ISSUER));
    assert!(caller.require(&[Role::Intake], "3271").is_ok());
    let caller = setting.remote(json!({})).unwrap();
    assert_eq!(caller.subject(), format!("{SSO}#19850101"));
    assert_eq!(caller.issuer(), SSO);
    // What the issuer may not give is left out: agencies for which it does not speak, all of them, roles that are not mapped.
    assert_eq!(caller.agencies(), ["3271"]);
    assert!(caller.require(&[Role::Operator], "3271").is_ok());
    assert!(
        caller
            .require_role(&[Role::Admin, Role::Intake, Role::Evaluator])
            .is_err()
    );
    let none = setting.remote(json!({"realm_access": null})).unwrap();
    assert!(none.require_role(&[Role::Operator]).is_err());
    let several = json!({"aud": ["account", "https://prima.go.id"]});
    setting.remote(several).unwrap();
    // The same subject of two issuers is two callers.
    let local = setting.local(json!({"sub": "19850101"})).unwrap();
    assert_ne!(local.identity(), caller.identity());
    assert_ne!(local.subject(), caller.subject());
}

#[test]
fn an_issuer_without_a_claim_for_agencies_speaks_for_its_own() {
    let setting = Setting::with(Issuer {
        agencies_claim: String::new(),
        ..issuer()
    });
    let caller = setting
        .remote(json!({"instansi": ["*"], "agencies": ["*"]}))
        .unwrap();
    assert_eq!(caller.agencies(), ["3271", "3272"]);
}

#[test]
fn a_claim_of_a_wrong_type_or_value_is_refused() {
    let setting = Setting::new();
    let times = ["iat", "exp", "nbf"];
    for name in times {
        for wrong in [
            json!((NOW + 10).to_string()),
            json!([NOW]),
            json!({}),
            json!(true),
            json!(NOW as f64 + 0.5),
            json!(1.8e9),
            json!(-1),
            json!(u64::MAX),
        ] {
            let what = format!("{name} {wrong}");
            refused(
                setting.local(json!({name: wrong})),
                &format!("no valid `{name}`"),
                &what,
            );
            refused(
                setting.remote(json!({name: wrong})),
                &format!("no valid `{name}`"),
                &what,
            );
        }
    }
    for name in ["iat", "exp", "sub"] {
        refused(setting.local(json!({name: null})), "no valid", name);
        refused(setting.remote(json!({name: null})), "no valid", name);
    }
    for wrong in [
        json!(7),
        json!(""),
        json!(["a"]),
        json!("a\u{0}"),
        json!("a".repeat(256)),
    ] {
        for name in ["sub", "jti", "azp"] {
            refused(setting.remote(json!({name: wrong})), "no valid", name);
        }
        refused(setting.local(json!({"kind": wrong})), "no valid `kind`", &wrong);
    }
    for wrong in [
        json!("admin"),
        json!([1]),
        json!({}),
        json!([["admin"]]),
        json!(vec!["a"; 1001]),
    ] {
        refused(setting.local(json!({"roles": wrong})), "no valid `roles`", &wrong);
        refused(
            setting.local(json!({"agencies": wrong})),
            "no valid `agencies`",
            &wrong,
        );
        refused(
            setting.remote(json!({"realm_access": {"roles": wrong}})),
            "no valid `roles`",
            &wrong,
        );
        refused(
            setting.remote(json!({"instansi": wrong})),
            "no valid `agencies`",
            &wrong,
        );
    }
    for wrong in [json!(null), json!({"roles": 7})] {
        let change = json!({"roles": wrong, "agencies": wrong});
        refused(setting.local(change), "no valid", &wrong);
    }
}

#[test]
fn a_token_for_somebody_else_is_refused() {
    let setting = Setting::new();
    for wrong in [
        json!([1, 2]),
        json!([]),
        json!([""]),
        json!(""),
        json!(7),
        json!({"prima": 1}),
        json!(["prima", 1]),
    ] {
        refused(setting.remote(json!({"aud": wrong})), "no valid `aud`", &wrong);
    }
    for other in [json!(null), json!("account"), json!("Prima"), json!(["a", "b"])] {
        refused(setting.remote(json!({"aud": other})), "another audience", &other);
    }
    refused(
        setting.local(json!({"aud": "someone"})),
        "another audience",
        "local",
    );
    for other in [json!(null), json!("another-portal")] {
        refused(setting.remote(json!({"azp": other})), "`azp`", &other);
    }
}

#[test]
fn a_token_is_valid_within_its_life_and_the_leeway_only() {
    let setting = Setting::new();
    for token in [Setting::local, Setting::remote] {
        token(&setting, json!({"exp": NOW - 59, "iat": NOW - 100})).unwrap();
        refused(
            token(&setting, json!({"exp": NOW - 60, "iat": NOW - 100})),
            "expired",
            "exp",
        );
        refused(token(&setting, json!({"exp": 0, "iat": 0})), "expired", "1970");
        token(&setting, json!({"nbf": NOW + 60})).unwrap();
        refused(token(&setting, json!({"nbf": NOW + 61})), "not valid yet", "nbf");
        token(&setting, json!({"iat": NOW + 60})).unwrap();
        refused(token(&setting, json!({"iat": NOW + 61})), "not valid yet", "iat");
        refused(
            token(&setting, json!({"iat": NOW + 50, "exp": NOW + 50})),
            "no valid `exp`",
            "no life",
        );
    }
}

#[test]
fn a_token_of_a_longer_life_than_its_holder_may_have_is_refused() {
    let (setting, day, year) = (Setting::new(), 86_400, 365 * 86_400);
    setting.local(json!({"exp": NOW + year})).unwrap();
    refused(
        setting.local(json!({"exp": NOW + year + 1})),
        "longer than 8760 hours",
        "system",
    );
    refused(
        setting.local(json!({"exp": i64::MAX})),
        "longer than 8760 hours",
        "for ever",
    );
    setting.local(json!({"kind": null, "exp": NOW + year})).unwrap();
    setting
        .local(json!({"kind": "person", "exp": NOW + day}))
        .unwrap();
    refused(
        setting.local(json!({"kind": "person", "exp": NOW + day + 1})),
        "longer than 24",
        "person",
    );
    refused(
        setting.local(json!({"kind": "robot"})),
        "no valid `kind`",
        "robot",
    );
    // An issuer does not decide itself whom it issues tokens to.
    setting.remote(json!({"exp": NOW + day})).unwrap();
    refused(
        setting.remote(json!({"kind": "system", "exp": NOW + day + 1})),
        "longer than 24",
        "sso",
    );
    let grant = |holder, days| Grant {
        subject: "a",
        holder,
        roles: &[Role::Admin],
        agencies: &[],
        lifetime: Duration::days(days),
    };
    let now = DateTime::from_timestamp(NOW, 0).unwrap();
    let issued = |holder, days| setting.signer.issue(&grant(holder, days), now);
    assert!(issued(Holder::Person, 2).is_err() && issued(Holder::System, 366).is_err());
    setting.verify(&issued(Holder::Person, 1).unwrap().0).unwrap();
    setting.verify(&issued(Holder::System, 365).unwrap().0).unwrap();
}

#[test]
fn a_token_that_its_issuer_has_not_signed_is_refused() {
    let setting = Setting::new();
    let with = |name: &str, value: Value| changed(header(), json!({name: value}));
    let by_sso = |header: &Value, claims: &Value| setting.verify(&sign(&setting.sso, header, claims));
    refused(by_sso(&with("crit", json!(["exp"])), &remote()), "`crit`", "crit");
    refused(
        by_sso(&with("jwk", jwk(&setting.sso, "sso-1")), &remote()),
        "`jwk`",
        "own key",
    );
    // The key of one issuer signs nothing for another, and the id of a key is looked for with its issuer only.
    refused(
        by_sso(&header(), &local()),
        "not one of its issuer's",
        "local claims by the other issuer",
    );
    let local_id = json!({"alg": "EdDSA", "kid": setting.signer.id()});
    refused(
        by_sso(&local_id, &remote()),
        "not one of its issuer's",
        "id and algorithm of the local key",
    );
    let local_id = json!({"alg": "ES256", "kid": setting.signer.id()});
    refused(by_sso(&local_id, &remote()), "no such key", "id of the local key");
    let sso_id = json!({"alg": "EdDSA", "kid": "sso-1"});
    let crossed = setting.signer.sign_parts(&sso_id, &local()).unwrap();
    refused(
        setting.verify(&crossed),
        "no such key",
        "id of the other issuer's key",
    );
    let crossed = setting.signer.sign_parts(&sso_id, &remote()).unwrap();
    refused(
        setting.verify(&crossed),
        "not one of its issuer's",
        "claims of the other issuer",
    );
    refused(
        by_sso(&with("kid", json!(null)), &remote()),
        "no such key",
        "no id",
    );
    refused(
        by_sso(&with("kid", json!("sso-2")), &remote()),
        "no such key",
        "unknown id",
    );
    refused(
        setting.verify(&sign(&pair(), &header(), &remote())),
        "signature",
        "another key",
    );
    let other = Signer::generate().unwrap();
    refused(
        setting.verify(&other.sign_claims(&local()).unwrap()),
        "no such key",
        "another local key",
    );
    let forged = json!({"alg": "EdDSA", "kid": setting.signer.id()});
    refused(
        setting.verify(&other.sign_parts(&forged, &local()).unwrap()),
        "signature",
        "its id",
    );
    for issuer in [json!(null), json!("prima2"), json!(7), json!([ISSUER]), json!("")] {
        refused(
            setting.local(json!({"iss": issuer})),
            "issuer is not known",
            &issuer,
        );
    }
    // No signature, and a shared secret that everybody knows.
    for alg in ["none", "None", "NONE", ""] {
        let input = jws::signing_input(&json!({"alg": alg, "kid": setting.signer.id()}), &local());
        refused(setting.verify(&jws::compact(&input, &[])), "algorithm", alg);
    }
    let text = setting.signer.public_key().as_bytes();
    for secret in [text, &STANDARD.decode(text).unwrap()] {
        for (alg, by) in [("HS256", hmac::HMAC_SHA256), ("HS512", hmac::HMAC_SHA512)] {
            let input = jws::signing_input(&json!({"alg": alg, "kid": setting.signer.id()}), &local());
            let signature = hmac::sign(&hmac::Key::new(by, secret), input.as_bytes());
            refused(
                setting.verify(&jws::compact(&input, signature.as_ref())),
                "algorithm",
                alg,
            );
        }
    }
    // A key of the right issuer and another algorithm than the issuer may use.
    let setting = Setting::with(Issuer {
        algorithms: vec!["RS256".into()],
        ..issuer()
    });
    refused(
        setting.remote(json!({})),
        "not one of its issuer's",
        "algorithm of no issuer",
    );
}

#[test]
fn tokens_that_name_no_key_are_those_of_the_one_public_key() {
    let (old, new) = (Signer::generate().unwrap(), Signer::generate().unwrap());
    let auth = |one: &Signer, more: &Signer| Auth {
        public_key: one.public_key().into(),
        public_keys: vec![format!("k2:{}", more.public_key())],
        ..Auth::default()
    };
    let clock = || Clock::from_fn(|| DateTime::from_timestamp(NOW, 0).unwrap());
    let verifier = Verifier::of(&auth(&old, &new), clock(), Revoked::default()).unwrap();
    let unnamed = json!({"alg": "EdDSA", "typ": "JWT"});
    verifier
        .verify(&old.sign_parts(&unnamed, &local()).unwrap())
        .unwrap();
    assert!(
        verifier
            .verify(&new.sign_parts(&unnamed, &local()).unwrap())
            .is_err()
    );
    // A key is found by the id that follows from it, and by the one of the configuration.
    verifier.verify(&new.sign_claims(&local()).unwrap()).unwrap();
    let named = json!({"alg": "EdDSA", "kid": "k2"});
    verifier
        .verify(&new.sign_parts(&named, &local()).unwrap())
        .unwrap();
    assert!(Verifier::of(&Auth::default(), clock(), Revoked::default()).is_err());
}
