//! A database that is not the one that was signed signs nothing.

use prima_platform::{db::sql, testing::unguard};
use sea_orm::{ConnectionTrait, Value};

use super::*;
use crate::store;

/// Statements that damage the log, and those that undo it.
const DAMAGES: [[&[&str]; 2]; 4] = [
    [
        &["UPDATE log_entry SET body = body || ' ' WHERE position = 0"],
        &["UPDATE log_entry SET body = TRIM(body) WHERE position = 0"],
    ],
    [
        &[
            "INSERT INTO log_entry (position, body) SELECT size, '{}' FROM log_head",
            "UPDATE log_head SET size = size + 1",
        ],
        &[
            "DELETE FROM log_entry WHERE body = '{}'",
            "UPDATE log_head SET size = size - 1",
        ],
    ],
    [
        &["UPDATE log_head SET size = size - 1"],
        &["UPDATE log_head SET size = size + 1"],
    ],
    [
        &["UPDATE log_head SET checkpoint = checkpoint || ' '"],
        &["UPDATE log_head SET checkpoint = TRIM(checkpoint)"],
    ],
];

async fn execute(replica: &Replica, text: &str, values: Vec<Value>) {
    let writer = replica.desk.context.db.writer();
    writer.execute_raw(sql(writer, text, values)).await.unwrap();
}

/// Fails unless each method that would sign answers `LOG_DAMAGED`.
async fn signs_nothing(
    setting: &Setting,
    replica: &Replica,
    (seen, proposal): (&Checkpoint, &str),
    id: &str,
) {
    let code = Code::FailedPrecondition;
    refused(issue(replica, proposal, id).await, code, "LOG_DAMAGED");
    let message = pb::GetLogCheckpointRequest::default();
    let answer = call!(replica, get_log_checkpoint, Caller::anonymous(), message);
    refused(answer, code, "LOG_DAMAGED");
    let message = pb::AddCosignatureRequest {
        request_id: format!("c-{id}"),
        size: i64::try_from(seen.size).unwrap(),
        signature: cosign(&seen.text(), WITNESS, &setting.witness, 1_900_000_000)
            .unwrap()
            .to_string(),
    };
    let answer = call!(replica, add_cosignature, ministry(), message);
    refused(answer, code, "LOG_DAMAGED");
}

/// Statements that the database refuses.
const REFUSED: [&str; 12] = [
    "UPDATE log_entry SET body = body || ' '",
    "DELETE FROM log_entry",
    "UPDATE log_cosignature SET line = ''",
    "DELETE FROM log_cosignature",
    "UPDATE log_head SET size = size - 1",
    "DELETE FROM log_head",
    "UPDATE published_table SET checkpoint = ''",
    "DELETE FROM published_table",
    "UPDATE proposal_row SET body = body || ' '",
    "DELETE FROM proposal_row",
    "UPDATE proposal SET facts = '{}' WHERE state = 2",
    "DELETE FROM proposal",
];

/// The database refuses to change what is published; then its owner removes the guards.
async fn unguarded(replica: &Replica) {
    let writer = replica.desk.context.db.writer();
    for text in REFUSED {
        let refused = writer.execute_unprepared(text).await.unwrap_err().to_string();
        assert!(refused.contains("append-only"), "{text}: {refused}");
    }
    for table in ["log_entry", "log_head", "published_table", "proposal_row"] {
        unguard(writer, table).await;
    }
}

/// Two tables are published; `seen` is a head of the log that readers have.
pub(super) async fn nothing_is_signed(setting: &Setting, replica: &Replica, seen: &Checkpoint) {
    let correction = |id: &str, corrects: &str| pb::ProposeLeagueTableRequest {
        corrects: corrects.to_owned(),
        correction_reason: "Uji pemulihan cadangan lama.".to_owned(),
        ..proposal(replica, id)
    };
    let own = propose(replica, correction("p4", "publishedTables/2")).await;
    setting.clock.advance(TimeDelta::hours(74));
    unguarded(replica).await;
    for (n, [damage, undo]) in DAMAGES.into_iter().enumerate() {
        for text in damage {
            execute(replica, text, vec![]).await;
        }
        signs_nothing(setting, replica, (seen, &own), &format!("damage-{n}")).await;
        for text in undo {
            execute(replica, text, vec![]).await;
        }
    }
    // A log that is empty again would be signed as the first one: the files of the readers tell that it is not.
    let (size, checkpoint) = store::log_head(replica.desk.context.db.reader()).await.unwrap();
    let head = "UPDATE log_head SET size = $1, checkpoint = $2";
    execute(replica, head, vec![0_i64.into(), "".into()]).await;
    signs_nothing(setting, replica, (seen, &own), "empty").await;
    execute(replica, head, vec![size.into(), checkpoint.clone().into()]).await;
    let message = pb::GetLogCheckpointRequest::default();
    let answer = call!(replica, get_log_checkpoint, Caller::anonymous(), message).unwrap();
    assert!(
        answer.checkpoint.starts_with(&checkpoint),
        "{}",
        answer.checkpoint
    );

    // What is published is what the ranked have seen.
    let id = own.trim_start_matches("proposedTables/");
    for text in [
        "UPDATE proposal_row SET body = body || ' ' WHERE proposal = $1 AND place = 0",
        "DELETE FROM proposal_row WHERE proposal = $1 AND place = 0",
    ] {
        execute(replica, text, vec![id.into()]).await;
        let answer = issue(replica, &own, text.get(..6).unwrap()).await;
        refused(answer, Code::FailedPrecondition, "LOG_DAMAGED");
    }
    // A correction says what stood there before, so it is not made from rows that were altered since.
    let table = "WHERE place = 0 AND proposal = (SELECT proposal FROM published_table WHERE number = 2)";
    let altered = format!("UPDATE proposal_row SET body = body || ' ' {table}");
    execute(replica, &altered, vec![]).await;
    let message = pb::ProposeLeagueTableRequest {
        replaces: own.clone(),
        ..correction("altered", "publishedTables/2")
    };
    let answer = call!(replica, propose_league_table, ministry(), message);
    refused(answer, Code::FailedPrecondition, "LOG_DAMAGED");
    let healed = format!("UPDATE proposal_row SET body = TRIM(body) {table}");
    execute(replica, &healed, vec![]).await;
    // A backup in which the published tables are older than the log would give a number a second time.
    execute(replica, "DELETE FROM published_table WHERE number = 2", vec![]).await;
    let older = pb::ProposeLeagueTableRequest {
        replaces: own.clone(),
        ..correction("p5", "publishedTables/1")
    };
    let older = propose(replica, older).await;
    setting.clock.advance(TimeDelta::hours(74));
    let answer = issue(replica, &older, "older").await;
    refused(answer, Code::FailedPrecondition, "LOG_DAMAGED");
    // An old backup lacks entries that readers have.
    execute(replica, "DELETE FROM log_entry WHERE position >= 1", vec![]).await;
    signs_nothing(setting, replica, (seen, &older), "fewer").await;
}
