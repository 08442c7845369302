//! Tokens that another implementation has signed (`vectors.json`, by the Python package `cryptography`), and tokens of a wrong
//! form.

use serde_json::json;

use super::*;

/// The algorithm, the key and the token of each vector.
fn vectors() -> Vec<(String, Option<Jwk>, String)> {
    let all: Vec<Value> = serde_json::from_str(include_str!("vectors.json")).unwrap();
    let one = |vector: &Value| {
        let text = |name: &str| vector[name].as_str().unwrap().to_owned();
        (
            text("alg"),
            Jwk::parse(vector["jwk"].as_object().unwrap()),
            text("token"),
        )
    };
    all.iter().map(one).collect()
}

#[test]
fn every_algorithm_verifies_what_another_implementation_has_signed() {
    let vectors = vectors();
    for name in Algorithm::ALL.map(Algorithm::name) {
        let (_, key, token) = vectors.iter().find(|(alg, ..)| alg == name).unwrap();
        let (key, jws) = (&key.as_ref().unwrap().key, Jws::parse(token).unwrap());
        assert_eq!(jws.algorithm.unwrap().name(), name);
        assert!(jws.is_signed_by(key), "{name}");
        // No other key verifies it, and no byte may change.
        for (other, stranger, _) in &vectors {
            let same = name.ends_with("S256")
                && other.ends_with("S256")
                && !name.starts_with('E')
                && !other.starts_with('E');
            let stranger = stranger.as_ref().filter(|_| other != name && !same);
            assert!(
                !stranger.is_some_and(|stranger| jws.is_signed_by(&stranger.key)),
                "{name} by {other}"
            );
        }
        for at in 0..jws.signature.len() {
            let mut changed = Jws::parse(token).unwrap();
            changed.signature[at] ^= 1;
            assert!(!changed.is_signed_by(key), "{name}: byte {at}");
        }
        let mut short = Jws::parse(token).unwrap();
        short.signature.pop();
        assert!(!short.is_signed_by(key), "{name}");
        short.signature.clear();
        assert!(!short.is_signed_by(key), "{name}");
        let zero = vec![0; jws.signature.len()];
        assert!(!key.verifies(jws.algorithm.unwrap(), jws.signed, &zero), "{name}");
    }
    let (_, key, token) = vectors.iter().find(|(alg, ..)| alg == "weak").unwrap();
    assert!(
        !Jws::parse(token)
            .unwrap()
            .is_signed_by(&key.as_ref().unwrap().key),
        "1024 bits are too few"
    );
}

#[test]
fn a_key_is_used_for_what_its_owner_says() {
    let rsa = |change: Value| {
        let (_, _, token) = vectors().swap_remove(4);
        let all: Vec<Value> = serde_json::from_str(include_str!("vectors.json")).unwrap();
        let mut jwk = all[4]["jwk"].clone();
        for (name, value) in change.as_object().unwrap() {
            jwk[name] = value.clone();
        }
        let jwk = Jwk::parse(jwk.as_object().unwrap())?;
        Some(Jws::parse(&token).unwrap().is_signed_by(&jwk.key))
    };
    assert_eq!(rsa(json!({})), Some(true));
    assert_eq!(rsa(json!({"alg": "RS256", "key_ops": ["verify"]})), Some(true));
    assert_eq!(rsa(json!({"alg": "PS256"})), Some(false));
    for none in [
        json!({"use": "enc"}),
        json!({"use": 7}),
        json!({"key_ops": ["encrypt"]}),
        json!({"key_ops": "verify"}),
        json!({"alg": "RSA-OAEP"}),
        json!({"alg": 256}),
        json!({"kid": ""}),
        json!({"kid": 7}),
        json!({"kty": "oct", "k": "c2VjcmV0"}),
        json!({"n": "not base64!"}),
        json!({"crv": "P-256"}),
        json!({"d": "AQAB"}),
    ] {
        assert_eq!(rsa(none.clone()), None, "{none}");
    }
}

#[test]
fn a_token_of_another_form_is_refused() {
    let token = |header: &str, claims: &str| {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.{}", part(header), part(claims), part("signature"))
    };
    let good = token(
        r#"{"alg":"EdDSA","kid":"a","typ":"at+JWT","x5t":"ignored"}"#,
        r#"{"a":[{"b":null}]}"#,
    );
    assert_eq!(Jws::parse(&good).unwrap().key_id.as_deref(), Some("a"));
    for (why, wrong) in [
        (Fault::Parts, String::new()),
        (Fault::Parts, "a.b".into()),
        (Fault::Parts, format!("{good}.{good}")),
        (Fault::Parts, format!("{good}=")),
        (Fault::Parts, format!(" {good}")),
        (Fault::Parts, good.replace('.', "..")),
        (Fault::Parts, "a".repeat(LONGEST + 1)),
        (Fault::Parts, format!("{good}{}", "A".repeat(LONGEST))),
        (Fault::Json("header"), token("[]", "{}")),
        (Fault::Json("header"), token("", "{}")),
        (
            Fault::Json("header"),
            token(r#"{"alg":"none","alg":"EdDSA"}"#, "{}"),
        ),
        (
            Fault::Json("claims"),
            token(r#"{"alg":"EdDSA"}"#, r#"{"sub":"a","sub":"b"}"#),
        ),
        (
            Fault::Json("claims"),
            token(r#"{"alg":"EdDSA"}"#, r#"{"a":{"b":1,"b":2}}"#),
        ),
        (Fault::Json("claims"), token(r#"{"alg":"EdDSA"}"#, "{} {}")),
        (Fault::Json("claims"), token(r#"{"alg":"EdDSA"}"#, r#""text""#)),
        (
            Fault::Json("claims"),
            token(r#"{"alg":"EdDSA"}"#, &"[".repeat(9000)),
        ),
        (Fault::Header("alg"), token("{}", "{}")),
        (Fault::Header("alg"), token(r#"{"alg":["EdDSA"]}"#, "{}")),
        (Fault::Header("kid"), token(r#"{"alg":"EdDSA","kid":7}"#, "{}")),
        (Fault::Header("kid"), token(r#"{"alg":"EdDSA","kid":""}"#, "{}")),
        (
            Fault::Header("typ"),
            token(r#"{"alg":"EdDSA","typ":"logout+jwt"}"#, "{}"),
        ),
        (Fault::Header("typ"), token(r#"{"alg":"EdDSA","typ":7}"#, "{}")),
        (
            Fault::Refused("crit"),
            token(r#"{"alg":"EdDSA","crit":["exp"]}"#, "{}"),
        ),
        (
            Fault::Refused("crit"),
            token(r#"{"alg":"EdDSA","crit":[]}"#, "{}"),
        ),
        (
            Fault::Refused("b64"),
            token(r#"{"alg":"EdDSA","b64":false}"#, "{}"),
        ),
        (Fault::Refused("jwk"), token(r#"{"alg":"EdDSA","jwk":{}}"#, "{}")),
        (
            Fault::Refused("jku"),
            token(r#"{"alg":"EdDSA","jku":"https://a"}"#, "{}"),
        ),
    ] {
        assert_eq!(Jws::parse(&wrong).err(), Some(why), "{wrong:.80}");
    }
    // Bits beyond the last byte would give a token a second form.
    let (head, _) = good.rsplit_once('.').unwrap();
    assert!(Jws::parse(&format!("{head}.AA")).is_ok() && Jws::parse(&format!("{head}.AB")).is_err());
    for alg in ["none", "None", "HS256", "HS512", "EdDSA2", ""] {
        let jws = token(&json!({"alg": alg}).to_string(), "{}");
        let jws = Jws::parse(&jws).unwrap();
        assert_eq!(jws.algorithm, None, "{alg}");
        for (_, key, _) in vectors() {
            assert!(!jws.is_signed_by(&key.unwrap().key), "{alg}");
        }
    }
}

#[test]
fn the_id_of_a_key_follows_from_it() {
    assert_eq!(key_id(&[0; 32]), "66687aadf862bd77");
    assert_eq!(public_key("AAAA"), None);
    assert_eq!(public_key(&"A".repeat(42)), None);
    assert!(public_key("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=").is_some());
}
