//! What is kept of tokens and keys, and how it ends.

use std::time::Duration;

use super::*;

#[test]
fn a_kept_caller_expires_and_is_revoked_like_others() {
    let setting = Setting::new();
    let kept = |token: &str| setting.verifier.cached(token).is_some();
    let token = setting.signer.sign_claims(&local()).unwrap();
    assert!(!kept(&token) && setting.verify(&token).is_ok() && kept(&token));
    setting.now.store(NOW + 3659, Ordering::SeqCst);
    assert!(kept(&token));
    setting.now.store(NOW + 3660, Ordering::SeqCst);
    assert!(!kept(&token));
    refused(setting.verify(&token), "expired", "kept");
    setting.now.store(NOW, Ordering::SeqCst);

    let digest = ring::digest::digest(&ring::digest::SHA256, token.as_bytes());
    let digest: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    for (version, (kind, issuer, value)) in (1..).zip([
        (Kind::Token, ISSUER, "t1"),
        (Kind::Text, "", digest.as_str()),
        (Kind::Subject, ISSUER, "portal"),
        (Kind::Key, ISSUER, setting.signer.id()),
    ]) {
        setting.verify(&token).unwrap();
        let id = revocation_id(kind, issuer, value);
        let state = |version, issued_until, withdrawn| Revocation {
            version,
            issued_until,
            withdrawn,
        };
        setting
            .revoked
            .put_for_test(&id, state(10 * version, None, false));
        assert!(!kept(&token), "{kind:?}");
        refused(setting.verify(&token), "revoked", value);
        // The other issuer has a token and a subject of the same names.
        setting.remote(json!({"sub": "portal"})).unwrap();
        // An older state changes nothing; one that is withdrawn ends it.
        setting.revoked.put_for_test(&id, state(1, None, true));
        refused(setting.verify(&token), "revoked", value);
        setting
            .revoked
            .put_for_test(&id, state(10 * version + 1, None, true));
        setting.verify(&token).unwrap();
        // Only tokens that were issued until then.
        setting
            .revoked
            .put_for_test(&id, state(10 * version + 2, Some(NOW - 1), false));
        setting.verify(&token).unwrap();
        setting
            .revoked
            .put_for_test(&id, state(10 * version + 3, Some(NOW), false));
        refused(setting.verify(&token), "revoked", value);
        setting
            .revoked
            .put_for_test(&id, state(10 * version + 4, None, true));
    }
}

#[test]
fn a_key_that_its_issuer_withdraws_is_refused_at_once() {
    let setting = Setting::new();
    let (token, next) = (sign(&setting.sso, &header(), &remote()), pair());
    let adopt = |keys: Value| {
        setting
            .verifier
            .adopt(SSO, &json!({"keys": keys}), Instant::now())
    };
    setting.verify(&token).unwrap();
    adopt(json!([jwk(&setting.sso, "sso-1"), jwk(&next, "sso-2")])).unwrap();
    assert!(
        setting.verifier.cached(&token).is_some(),
        "the same key is the same"
    );
    setting
        .verify(&sign(&next, &json!({"alg": "ES256", "kid": "sso-2"}), &remote()))
        .unwrap();
    // Another key under the id of one that was withdrawn.
    adopt(json!([jwk(&next, "sso-1")])).unwrap();
    assert!(setting.verifier.cached(&token).is_none());
    refused(
        setting.verify(&token),
        "signature",
        "another key under the same id",
    );
    adopt(json!([])).unwrap();
    refused(setting.verify(&token), "no such key", "no key");
    // A document that can't be understood changes nothing.
    adopt(json!([jwk(&setting.sso, "sso-1")])).unwrap();
    for wrong in [
        json!(7),
        json!({}),
        json!(vec![json!({}); 101]),
        json!([jwk(&next, "a"), jwk(&setting.sso, "a")]),
    ] {
        assert!(adopt(wrong).is_err());
    }
    setting.verify(&token).unwrap();
}

#[test]
fn the_keys_of_an_issuer_that_is_down_are_known_for_a_day() {
    let (issuer, read) = (issuer::Issuer::remote(&issuer()), Instant::now());
    let keys = json!({"keys": [jwk(&pair(), "sso-1")]}).to_string();
    issuer.adopt(keys.as_bytes(), read).unwrap();
    let known = |after| issuer.key_at(Some("sso-1"), read + after).is_some();
    assert!(known(Duration::ZERO) && known(issuer::STALE));
    assert!(!known(issuer::STALE + Duration::from_secs(1)));
}

#[test]
fn the_cache_is_bounded_and_keeps_who_calls() {
    let setting = Setting::new();
    let token = |n: usize| {
        let claims = changed(local(), json!({"sub": format!("s{n}")}));
        setting.signer.sign_claims(&claims).unwrap()
    };
    let first = token(0);
    setting.verify(&first).unwrap();
    for n in 1..200 {
        setting.verify(&token(n)).unwrap();
        if n % 16 == 0 {
            assert!(setting.verifier.cached(&first).is_some(), "{n}");
        }
    }
    assert_eq!(setting.verifier.kept(), verifier::CACHED);
    assert!(setting.verifier.cached(&first).is_some() && setting.verifier.cached(&token(1)).is_none());
    // What is refused is not kept.
    let _refused = setting.verify("a.b.c");
    assert!(setting.verifier.cached("a.b.c").is_none() && setting.verifier.kept() == verifier::CACHED);
}
