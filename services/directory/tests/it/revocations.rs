//! Revocations of tokens: stored, published as digests, and withdrawn when they have ended.

use chrono::TimeDelta;
use prima_directory::revocation::{New, list, revoke};
use prima_platform::token::{Kind, revocation_id};
use prima_proto::event::v1::RevocationState;

use crate::fixture::*;

fn new(kind: Kind, value: &str) -> New<'_> {
    New {
        kind,
        issuer: "prima",
        value,
        issued_until: None,
        reason: "laptop hilang",
    }
}

fn subject(kind: Kind, value: &str) -> String {
    format!(
        "prima.directory.revocation.{}",
        revocation_id(kind, "prima", value)
    )
}

#[tokio::test]
async fn a_revocation_is_published_until_no_token_can_be_valid() {
    on_each_database(async |t| {
        let clock = t.clock.clock();
        let until = clock.now() - TimeDelta::days(1);
        for new in [
            new(Kind::Token, "t1"),
            New {
                issued_until: Some(until),
                ..new(Kind::Subject, "portal")
            },
            new(Kind::Key, "k1"),
        ] {
            revoke(&t.db, &clock, &new).await.unwrap();
        }
        let portal = subject(Kind::Subject, "portal");
        let staged = t.staged::<RevocationState>(&portal).await.unwrap();
        assert_eq!(staged.state.issued_until.unwrap().seconds, until.timestamp());
        // An earlier time, when it is revoked again, gives nothing back; the version grows.
        let earlier = New {
            issued_until: Some(until - TimeDelta::days(1)),
            ..new(Kind::Subject, "portal")
        };
        revoke(&t.db, &clock, &earlier).await.unwrap();
        let again = t.staged::<RevocationState>(&portal).await.unwrap();
        assert_eq!(again.state.issued_until.unwrap().seconds, until.timestamp());
        assert!(again.version > staged.version);
        assert_eq!(list(&t.db).await.unwrap().len(), 3);

        // After the longest life of a token and the leeway, the next revocation withdraws those that have ended.
        t.clock.advance(TimeDelta::days(366));
        revoke(&t.db, &clock, &new(Kind::Token, "t2")).await.unwrap();
        let left: Vec<String> = list(&t.db)
            .await
            .unwrap()
            .into_iter()
            .map(|row| row.value)
            .collect();
        assert_eq!(left, ["t2", "k1"], "that of a key never ends");
        for (kind, value, withdrawn) in [
            (Kind::Token, "t1", true),
            (Kind::Subject, "portal", true),
            (Kind::Key, "k1", false),
            (Kind::Token, "t2", false),
        ] {
            let state = t.staged::<RevocationState>(&subject(kind, value)).await;
            assert_eq!(state.is_none(), withdrawn, "{value}");
        }
        // It can be revoked again, with a higher version.
        revoke(&t.db, &clock, &earlier).await.unwrap();
        assert!(t.staged::<RevocationState>(&portal).await.unwrap().version > again.version);
    })
    .await;
}
