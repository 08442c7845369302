//! Tests of the rules of credentials.

use std::collections::BTreeSet;

use proptest::prelude::*;
use ring::signature::{Ed25519KeyPair, KeyPair};

use super::*;

fn survey(id: &str) -> name::Survey {
    name::Survey::parse(&format!("agencies/3271/units/dpmptsp/surveys/{id}")).unwrap()
}

fn secret() -> Secret {
    Secret::new(&[7; SECRET_BYTES])
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn batch() -> TokenBatch {
    TokenBatch {
        number: 1,
        counter: String::new(),
        service: String::new(),
        size: 10,
        expires_at: Some(at("2024-07-02T00:00:00Z")),
        created_at: at("2024-07-01T00:00:00Z"),
        revoked_at: None,
    }
}

#[test]
fn a_token_is_url_safe_short_and_deterministic() {
    let token = secret().token(&survey("a"), 1, 0);
    assert_eq!(token, secret().token(&survey("a"), 1, 0));
    for token in [&token, &secret().token(&survey("a"), u32::MAX, u32::MAX)] {
        assert_eq!(token.len(), 54);
        assert!(
            token
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
        );
    }
}

#[test]
fn a_verified_token_has_its_batch_and_a_digest_but_not_its_text() {
    let text = secret().token(&survey("a"), 3, 9);
    let token = secret().read_token(&survey("a"), &text).unwrap();
    assert_eq!(token.batch, 3);
    assert_eq!(token.digest, Sha256::digest(&text).to_vec());
}

#[test]
fn a_token_of_another_survey_or_another_service_is_refused() {
    let token = secret().token(&survey("a"), 1, 1);
    let other = Secret::new(&[8; SECRET_BYTES]);
    for refused in [
        secret().read_token(&survey("b"), &token),
        other.read_token(&survey("a"), &token),
        secret().read_token(&survey("a"), &secret().link(&survey("a"))),
        secret().read_token(&survey("a"), ""),
    ] {
        assert_eq!(refused, Err(Refusal::TokenInvalid));
    }
}

#[test]
fn a_link_is_valid_for_its_survey_only() {
    let link = secret().link(&survey("a"));
    assert_eq!(
        (link.len(), link.as_str()),
        (43, secret().link(&survey("a")).as_str())
    );
    assert_eq!(secret().check_link(&survey("a"), &link), Ok(()));
    for (survey, text) in [
        (survey("b"), link.clone()),
        (survey("a"), secret().token(&survey("a"), 1, 1)),
        (survey("a"), String::new()),
    ] {
        assert_eq!(secret().check_link(&survey, &text), Err(Refusal::LinkInvalid));
    }
}

#[test]
fn the_secret_is_not_printed() {
    let text = format!("{:?}", secret());
    assert!(!text.contains('7') && !text.contains("07"), "{text}");
}

#[test]
fn the_digests_of_a_device_differ_between_surveys() {
    let digest = secret().device_digest(&survey("a"), "ponsel-1");
    assert_eq!(digest.len(), 16);
    assert_eq!(digest, secret().device_digest(&survey("a"), "ponsel-1"));
    assert_ne!(digest, secret().device_digest(&survey("a"), "ponsel-2"));
    assert_ne!(digest, secret().device_digest(&survey("b"), "ponsel-1"));
    assert_ne!(
        digest,
        Secret::new(&[8; SECRET_BYTES]).device_digest(&survey("a"), "ponsel-1")
    );
}

#[test]
fn tokens_of_a_batch_are_accepted_until_it_expires_or_is_revoked() {
    let end = at("2024-07-02T00:00:00Z");
    assert_eq!(batch().accepts(end - chrono::TimeDelta::microseconds(1)), Ok(()));
    assert_eq!(batch().accepts(end), Err(Refusal::TokenExpired));
    let endless = TokenBatch {
        expires_at: None,
        ..batch()
    };
    assert_eq!(endless.accepts(at("2099-01-01T00:00:00Z")), Ok(()));
    let revoked = TokenBatch {
        revoked_at: Some(end),
        ..batch()
    };
    assert_eq!(revoked.accepts(end), Err(Refusal::TokenRevoked));
}

#[test]
fn every_fault_of_a_batch_is_reported_at_once() {
    let now = at("2024-07-01T00:00:00Z");
    let faults = |draft: &BatchDraft| {
        let faults = draft.check(now).err().unwrap_or_default();
        faults.into_iter().map(|f| f.field).collect::<Vec<_>>()
    };
    let good = BatchDraft {
        counter: "Loket 1".into(),
        service: "ktp-el".into(),
        size: BATCH_MAX,
        expires_at: Some(now + chrono::TimeDelta::microseconds(1)),
    };
    assert!(faults(&good).is_empty());
    let bad = BatchDraft {
        counter: "x".repeat(64),
        service: "KTP".into(),
        size: 0,
        expires_at: Some(now),
    };
    assert_eq!(faults(&bad), ["counter", "service", "size", "expire_time"]);
    assert_eq!(
        faults(&BatchDraft {
            size: BATCH_MAX + 1,
            ..good
        }),
        ["size"]
    );
}

#[test]
fn a_device_needs_a_key_of_32_bytes_and_a_plain_name() {
    let faults = |name: &str, key: &[u8]| {
        let faults = check_device(name, key).err().unwrap_or_default();
        faults.into_iter().map(|f| f.field).collect::<Vec<_>>()
    };
    let pair = ring::signature::Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    let key = ring::signature::KeyPair::public_key(&pair).as_ref();
    assert!(faults("Anjungan lobi", key).is_empty());
    assert_eq!(
        faults("a\nb", &[0; 31]),
        ["device.display_name", "device.public_key"]
    );
    assert_eq!(faults(&"x".repeat(201), key), ["device.display_name"]);
}

#[test]
fn a_key_for_which_everyone_can_sign_is_refused() {
    // This signature was made without a private key, from the identity as nonce and zero as proof. For a key of order four it
    // is valid for one of four messages.
    let forged = [&[1_u8][..], &[0; 63]].concat();
    let device = Device {
        name: name::Device::parse("agencies/3271/units/dpmptsp/devices/loket-1").unwrap(),
        display_name: String::new(),
        public_key: vec![0; 32],
        created_at: DateTime::UNIX_EPOCH,
        revoked_at: None,
    };
    let accepted = (0..64).filter(|n| device.verify(&format!("r-{n}"), &forged).is_ok());
    assert!(accepted.count() > 0, "the key accepts forged signatures");
    let identity = [&[1_u8][..], &[0; 31]].concat();
    let off_the_curve = [&[2_u8][..], &[0; 31]].concat();
    for key in [vec![0; 32], identity, off_the_curve] {
        let faults = check_device("Anjungan", &key).unwrap_err();
        assert_eq!(faults.len(), 1, "{key:?}");
    }
}

#[test]
fn a_kiosk_signs_the_lines_of_the_contract() {
    let device = name::Device::parse("agencies/3271/units/dpmptsp/devices/loket-1").unwrap();
    let answers = BTreeMap::from([("time".to_owned(), 4), ("cost".to_owned(), 3)]);
    assert_eq!(
        kiosk_lines(&survey("a"), &device, 12, "r-1", &answers),
        "prima-kiosk-1\nagencies/3271/units/dpmptsp/surveys/a\n\
         agencies/3271/units/dpmptsp/devices/loket-1\n12\nr-1\ncost=3\ntime=4"
    );
}

#[test]
fn a_signature_is_valid_for_its_key_and_its_lines_only() {
    let key = Ed25519KeyPair::from_seed_unchecked(&[1; 32]).unwrap();
    let device = |public_key: &[u8]| Device {
        name: name::Device::parse("agencies/3271/units/dpmptsp/devices/loket-1").unwrap(),
        display_name: String::new(),
        public_key: public_key.to_vec(),
        created_at: at("2024-07-01T00:00:00Z"),
        revoked_at: None,
    };
    let own = device(key.public_key().as_ref());
    let signature = key.sign(b"lines");
    assert_eq!(own.verify("lines", signature.as_ref()), Ok(()));
    let other = Ed25519KeyPair::from_seed_unchecked(&[2; 32]).unwrap();
    for refused in [
        own.verify("other lines", signature.as_ref()),
        own.verify("lines", &[]),
        device(other.public_key().as_ref()).verify("lines", signature.as_ref()),
    ] {
        assert_eq!(refused, Err(Refusal::SignatureInvalid));
    }
    assert_eq!(own.accepts(), Ok(()));
    let revoked = Device {
        revoked_at: Some(at("2024-07-02T00:00:00Z")),
        ..own
    };
    assert_eq!(revoked.accepts(), Err(Refusal::DeviceRevoked));
}

proptest! {
    #[test]
    fn every_token_is_verified_and_no_two_are_the_same(batch in any::<u32>(), serials in proptest::collection::btree_set(any::<u32>(), 1..20)) {
        let mut texts = BTreeSet::new();
        for serial in &serials {
            let text = secret().token(&survey("a"), batch, *serial);
            prop_assert_eq!(secret().read_token(&survey("a"), &text).unwrap().batch, i64::from(batch));
            texts.insert(text);
        }
        prop_assert_eq!(texts.len(), serials.len());
    }

    /// A second text for the same token would have another digest, and so allow a second use.
    #[test]
    fn a_token_with_a_changed_character_is_refused(
        at in 0..54usize,
        other in proptest::char::ranges(vec!['!'..='~'].into()),
    ) {
        let text = secret().token(&survey("a"), 5, 6);
        let changed: String = text.chars().enumerate().map(|(i, c)| if i == at { other } else { c }).collect();
        let read = secret().read_token(&survey("a"), &changed);
        if changed == text {
            prop_assert!(read.is_ok());
        } else {
            prop_assert_eq!(read, Err(Refusal::TokenInvalid));
        }
    }

    #[test]
    fn a_text_that_was_not_issued_is_neither_a_token_nor_a_link(text in "[A-Za-z0-9_=-]{0,80}") {
        prop_assert_eq!(secret().read_token(&survey("a"), &text), Err(Refusal::TokenInvalid));
        prop_assert_eq!(secret().check_link(&survey("a"), &text), Err(Refusal::LinkInvalid));
    }
}
