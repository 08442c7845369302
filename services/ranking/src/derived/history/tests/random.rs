//! Random runs of two replicas with one database.

use proptest::prelude::*;

use super::*;

/// One step of a random run of two replicas with one database.
#[derive(Debug, Clone)]
enum Happens {
    /// A state of a subject is published; each replica receives it now, or misses it until it hears all states again.
    Publish(usize, [bool; 2]),
    /// Time passes, seconds.
    Wait(i64),
    /// A replica saves its snapshot.
    Save(usize),
    /// A replica has its turn as the one that writes.
    Turn(usize),
    /// A replica is killed and starts again: it hears every newest state.
    Kill(usize),
}

fn events() -> impl Strategy<Value = Vec<Happens>> {
    let event = prop_oneof![
        6 => (0..3_usize, any::<[bool; 2]>()).prop_map(|(subject, by)| Happens::Publish(subject, by)),
        4 => (1..90_i64).prop_map(Happens::Wait),
        2 => (0..2_usize).prop_map(Happens::Save),
        4 => (0..2_usize).prop_map(Happens::Turn),
        1 => (0..2_usize).prop_map(Happens::Kill),
    ];
    prop::collection::vec(event, 1..60)
}

/// What is published of a subject.
fn content(subject: &str, version: i64) -> Vec<u8> {
    format!("{subject} {version}").into_bytes()
}

/// Runs the events; fails when a state is read that was not published, when what was read once is read in another way later, or a state is known before it was received.
async fn run(db: &Database, events: &[Happens]) -> Result<(), TestCaseError> {
    for table in ["history", "snapshot"] {
        let clear = format!("DELETE FROM {table}");
        db.writer().execute_unprepared(&clear).await.unwrap();
    }
    let clear = "UPDATE history_span SET began_at = 0, written_to = 0";
    db.writer().execute_unprepared(clear).await.unwrap();
    let time = Time(Arc::new(AtomicI64::new(START)));
    let mut replicas = [Replica::new(db, &time), Replica::new(db, &time)];
    let subjects = ["a", "b", "c"].map(|unit| format!("prima.directory.unit.11.{unit}"));
    // When each version of each subject was received first.
    let mut received: BTreeMap<(String, i64), i64> = BTreeMap::new();
    let mut newest = [0_i64; 3];
    let mut read: BTreeMap<i64, Vec<(String, i64)>> = BTreeMap::new();
    for event in events {
        match *event {
            Happens::Publish(at, by) => {
                newest[at] += 1;
                for (replica, _) in replicas.iter().zip(by).filter(|(_, hears)| *hears) {
                    replica.receive(&subjects[at], newest[at], content(&subjects[at], newest[at]));
                    received
                        .entry((subjects[at].clone(), newest[at]))
                        .or_insert(time.now());
                }
            }
            Happens::Wait(seconds) => time.advance(seconds),
            Happens::Save(at) => replicas[at].save().await,
            Happens::Turn(at) => {
                // The other one lost the lease.
                replicas[1 - at].tenure = Tenure::default();
                replicas[at].turn().await;
            }
            Happens::Kill(at) => {
                replicas[at] = Replica::new(db, &time);
                for (subject, version) in subjects.iter().zip(newest).filter(|(_, version)| *version > 0) {
                    replicas[at].receive(subject, version, content(subject, version));
                    received.entry((subject.clone(), version)).or_insert(time.now());
                }
            }
        }
        let span = history_span(db).await.unwrap();
        let moment = Moment {
            as_of: i64::MAX,
            known_at: span.written_to,
        };
        let (states, _) = history_page(db, "prima.directory.", "", moment, 9).await.unwrap();
        for state in &states {
            prop_assert_eq!(
                &state.payload,
                &content(&state.subject, state.version),
                "never published"
            );
        }
        read.insert(
            span.written_to,
            states.into_iter().map(|s| (s.subject, s.version)).collect(),
        );
        for (known_at, before) in &read {
            let moment = Moment {
                known_at: *known_at,
                ..moment
            };
            let (again, _) = history_page(db, "prima.directory.", "", moment, 9).await.unwrap();
            let again: Vec<_> = again.into_iter().map(|s| (s.subject, s.version)).collect();
            prop_assert_eq!(before, &again, "what was known at {} changed", known_at);
        }
    }
    for row in written(db).await {
        let first = received[&(row.subject.clone(), row.version)];
        prop_assert!(first < row.known_at, "{:?} was received at {}", row, first);
    }
    // The last writer, when it has saved what it has, leaves nothing out that the snapshot has.
    replicas[0].save().await;
    replicas[0].tenure = Tenure::default();
    time.advance(60);
    replicas[0].turn().await;
    let text = "SELECT s.subject FROM snapshot s WHERE NOT EXISTS (
        SELECT 1 FROM history h WHERE h.subject = s.subject AND h.version >= s.version)";
    let lacks = db
        .reader()
        .query_all_raw(db::sql(db.reader(), text, []))
        .await
        .unwrap();
    prop_assert!(
        lacks.is_empty(),
        "the history lacks {} states of the snapshot",
        lacks.len()
    );
    Ok(())
}

#[test]
fn what_was_known_never_changes_and_was_published() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let place = Place::sqlite();
    let db = runtime.block_on(open(&place));
    proptest!(ProptestConfig::with_cases(64), |(events in events())| {
        runtime.block_on(run(&db, &events))?;
    });
}
