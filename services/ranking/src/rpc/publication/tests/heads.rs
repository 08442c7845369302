//! The log keeps the heads of the audit logs of the other services.

use prima_proto::event::v1::AuditHeadState;
use prost::Message;

use super::*;
use crate::{
    domain::publication::{AuditHead, noted_audit_heads},
    rpc::testing::publish,
    store,
};

/// Publishes a head of the directory's audit log, and waits until the replica has it.
async fn announce(setting: &Setting, replica: &Replica, position: i64) -> AuditHead {
    let head = AuditHead {
        service: "directory".to_owned(),
        position,
        hash: format!("{position:064x}"),
    };
    let state = AuditHeadState {
        position,
        hash: head.hash.clone(),
    };
    let subject = "prima.directory.audit.head";
    publish(&setting.bus, subject, position, Some(state.encode_to_vec())).await;
    let press = replica.desk.press().unwrap();
    let known = eventually(LONG, || async {
        press.audit_heads().contains(&head).then_some(())
    });
    known.await.unwrap();
    head
}

#[tokio::test]
async fn a_head_of_another_services_audit_log_is_kept_once_before_the_table() {
    let setting = Setting::new().await;
    let replica = setting.replica(false).await;
    let mut message = proposal(&replica, "p1");
    for (n, (position, kept)) in [(3, 1), (3, 1), (5, 2)].into_iter().enumerate() {
        let head = announce(&setting, &replica, position).await;
        let name = propose(&replica, message).await;
        setting.clock.advance(TimeDelta::hours(74));
        let published = issue(&replica, &name, &format!("i{n}")).await.unwrap();

        let reader = replica.desk.context.db.reader();
        let (size, _) = store::log_head(reader).await.unwrap();
        let entries = store::log_entries(reader, 0, size).await.unwrap();
        let of_directory = entries.iter().filter(|entry| {
            let text = std::str::from_utf8(entry).unwrap();
            text.contains("prima.go.id/audit-head/1") && text.contains("\"service\":\"directory\"")
        });
        assert_eq!(of_directory.count(), kept, "{position}");
        let noted = noted_audit_heads(&entries);
        assert_eq!(noted["directory"], head);
        assert_eq!(entries.last().unwrap(), published.head.as_bytes());
        message = pb::ProposeLeagueTableRequest {
            corrects: published.name,
            correction_reason: "Uji kepala catatan audit.".to_owned(),
            ..proposal(&replica, &format!("c{n}"))
        };
    }
}
