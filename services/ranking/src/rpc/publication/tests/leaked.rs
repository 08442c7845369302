//! A log whose key has leaked goes on under another one, from the last head that is known to be honest.

use prima_platform::tlog::{encode, note::VerifierKey};

use super::*;

#[tokio::test]
async fn a_log_goes_on_under_a_new_key_from_its_last_honest_head() {
    let mut setting = Setting::new().await;
    let replica = setting.replica(true).await;
    let keys = replica.desk.press().unwrap().log_keys();
    let name = propose(&replica, proposal(&replica, "p1")).await;
    setting.clock.advance(TimeDelta::hours(74));
    issue(&replica, &name, "i1").await.unwrap();
    let url = replica.desk.context.config.publication.url.clone();
    let path = PathBuf::from(url.strip_prefix("file:").unwrap()).join("checkpoint");
    let offered = async |keys: &[VerifierKey], size: u64| {
        let read = || async {
            let note = Note::parse(&std::fs::read_to_string(&path).ok()?)?;
            Checkpoint::verified(&note, keys).filter(|head| head.size >= size)
        };
        eventually(LONG, read).await.expect("a head is offered")
    };
    let last = offered(&keys, 1).await;
    drop(replica);

    // Without the leaked key nothing is signed, nor by a head that is not the last one.
    let key = setting.folder.path().join("key");
    std::fs::remove_file(&key).unwrap();
    Signer::generate().unwrap().save(&key).unwrap();
    let root = encode(&last.root);
    let asked = pb::GetLogCheckpointRequest {
        old_size: i64::try_from(last.size).unwrap(),
    };
    for accepted in [String::new(), format!("{} {root}", last.size + 1)] {
        setting.accepted_head = accepted;
        let replica = setting.replica(false).await;
        let answer = call!(replica, get_log_checkpoint, Caller::anonymous(), asked);
        refused(answer, Code::FailedPrecondition, "LOG_DAMAGED");
    }
    setting.accepted_head = format!("{} {root}", last.size);
    let replica = setting.replica(true).await;
    let fresh = replica.desk.press().unwrap().log_keys();
    let answer = call!(replica, get_log_checkpoint, Caller::anonymous(), asked).unwrap();
    let note = Note::parse(&answer.checkpoint).unwrap();
    assert_eq!(
        Checkpoint::verified(&note, &fresh),
        Some(last.clone()),
        "the same log"
    );
    assert_eq!(Checkpoint::verified(&note, &keys), None);
    assert_eq!(offered(&fresh, 1).await, last);

    // After the next publication no exception is needed any more.
    let correction = pb::ProposeLeagueTableRequest {
        corrects: "publishedTables/1".to_owned(),
        correction_reason: "Uji.".to_owned(),
        ..proposal(&replica, "p2")
    };
    let name = propose(&replica, correction).await;
    setting.clock.advance(TimeDelta::hours(74));
    issue(&replica, &name, "i2").await.unwrap();
    offered(&fresh, last.size + 1).await;
    drop(replica);
    setting.accepted_head = String::new();
    let replica = setting.replica(false).await;
    let answer = call!(replica, get_log_checkpoint, Caller::anonymous(), asked).unwrap();
    assert_eq!(
        answer.consistency.len(),
        1,
        "it continues the head of the leaked key"
    );
}
