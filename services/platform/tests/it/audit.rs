//! The audit log: one chain however many append at once, refused by the database to be changed, and broken when it was changed
//! nevertheless.

use prima_platform::{
    audit::{
        Act, append,
        chain::{Verified, link, stage_first, verify},
    },
    caller::{Caller, Role},
    clock::Clock,
    db::{Database, sql},
    testing::unguard,
};
use prima_proto::{
    audit::v1::{AuditDecision, AuditEntry},
    event::v1::AuditHeadState,
    survey::v1 as survey,
};
use prost::Message;
use sea_orm::{ConnectionTrait, FromQueryResult};
use tokio::task::JoinSet;

use crate::world::{Broker, Store, World};

const SERVICE: &str = "survey";
const STORES: [Store; 2] = [Store::Sqlite, Store::Postgres];

fn act(id: &str) -> Act {
    let caller = Caller::new("operator".into(), vec![Role::Operator], vec!["3271".into()]);
    let close = survey::CloseSurveyRequest {
        name: format!("agencies/3271/units/mpp/surveys/{id}"),
        ..Default::default()
    };
    Act::of(&caller, None, &close).unwrap()
}

async fn add(db: &Database, id: &str) {
    append(db.writer(), &act(id), AuditDecision::Done, &Clock::system())
        .await
        .unwrap();
}

#[derive(Debug, FromQueryResult)]
struct Row {
    entry: Vec<u8>,
}

async fn entries(db: &Database) -> Vec<AuditEntry> {
    let reader = db.reader();
    let text = sql(reader, "SELECT entry FROM audit ORDER BY position", []);
    let rows = Row::find_by_statement(text).all(reader).await.unwrap();
    rows.iter()
        .map(|row| AuditEntry::decode(row.entry.as_slice()).unwrap())
        .collect()
}

/// The head that waits to be published, or is.
async fn staged(db: &Database) -> (i64, String) {
    let text = "SELECT payload FROM outbox WHERE subject = 'prima.survey.audit.head'";
    let staged = db.reader().query_one_raw(sql(db.reader(), text, [])).await;
    let staged: Vec<u8> = staged.unwrap().unwrap().try_get("", "payload").unwrap();
    let head = AuditHeadState::decode(staged.as_slice()).unwrap();
    (head.position, head.hash)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn entries_of_concurrent_transactions_form_one_chain() {
    for store in STORES {
        let world = World::new(store, Broker::Memory).await;
        let mut tasks = JoinSet::new();
        for n in 0..40 {
            let db = world.db.clone();
            tasks.spawn(async move {
                let txn = db.begin().await.unwrap();
                append(
                    &txn,
                    &act(&format!("s{n}")),
                    AuditDecision::Done,
                    &Clock::system(),
                )
                .await
                .unwrap();
                match n % 4 {
                    0 => txn.rollback().await.unwrap(),
                    _ => txn.commit().await.unwrap(),
                }
                link(&db, SERVICE).await.unwrap();
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
        let found = verify(&world.db, SERVICE, None).await.unwrap();
        assert_eq!((found.entries, found.broken), (30, None));
        let entries = entries(&world.db).await;
        assert_eq!(entries.len(), 30, "what was rolled back has no entry");
        let first = &entries[0];
        assert_eq!(
            (first.subject.as_str(), first.agency.as_str()),
            ("operator", "3271")
        );
        assert!(
            first.resource.starts_with("agencies/3271/units/mpp/surveys/s"),
            "{first:?}"
        );
        assert_eq!(first.method, "prima.survey.v1.SurveyService/CloseSurvey");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_database_refuses_to_change_the_log_and_a_change_shows() {
    for store in STORES {
        let world = World::new(store, Broker::Memory).await;
        let db = &world.db;
        for id in ["a", "b", "c", "d"] {
            add(db, id).await;
        }
        let whole = verify(db, SERVICE, None).await.unwrap();
        assert_eq!((whole.entries, whole.broken), (4, None));
        assert_eq!(staged(db).await, (4, whole.hash.clone()));
        // A release that published none has linked them.
        world.tamper("DELETE FROM outbox").await;
        stage_first(db, SERVICE).await.unwrap();
        assert_eq!(staged(db).await, (4, whole.hash.clone()));
        let writer = db.writer();
        for attack in [
            "UPDATE audit SET subject = 'other' WHERE position = 2",
            "DELETE FROM audit WHERE position = 2",
        ] {
            let refused = writer.execute_unprepared(attack).await.unwrap_err();
            assert!(refused.to_string().contains("append-only"), "{refused}");
        }
        assert_eq!(verify(db, SERVICE, None).await.unwrap(), whole);

        // Whoever owns the database can remove the guards, and is seen.
        unguard(writer, "audit").await;
        let broken = async || verify(db, SERVICE, None).await.unwrap().broken;
        world
            .tamper(
                "UPDATE audit SET entry = (SELECT entry FROM audit WHERE position = 1) WHERE position = 3",
            )
            .await;
        assert_eq!(broken().await, Some(3));
        world.tamper("DELETE FROM audit WHERE position = 3").await;
        assert_eq!(broken().await, Some(3));
        world.tamper("DELETE FROM audit WHERE position > 2").await;
        assert_eq!(broken().await, Some(3), "the head knows of more entries");
        // With a forged head only what was noted outside shows that entries are missing.
        let text = "UPDATE audit_head SET position = 2, hash = (SELECT hash FROM audit WHERE position = 2)";
        world.tamper(text).await;
        let known = async |position, hash: &str| verify(db, SERVICE, Some((position, hash))).await.unwrap();
        let Verified {
            broken,
            contains_known,
            hash,
            ..
        } = known(4, &whole.hash).await;
        assert_eq!((broken, contains_known), (None, false));
        assert!(known(2, &hash).await.contains_known);
    }
}
