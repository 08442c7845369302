//! The idempotency key in this service: the digest of the message as received, with its request id. Responses are
//! stored under that digest permanently.

use prima_platform::{command::IdempotencyKey, failure::Violation, request_id};

/// The idempotency key of a request of `method` with the id `request_id`.
///
/// # Errors
///
/// The id is malformed.
pub fn once(
    method: &'static str,
    request_id: &str,
    message: &impl prost::Message,
) -> Result<IdempotencyKey, Violation> {
    request_id::check("request_id", request_id)?;
    Ok(IdempotencyKey::new(method, request_id, message))
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use prima_platform::command::{Command, IdempotencyKey};
    use prima_proto::innovation::v1;

    use crate::rpc::{entry, innovation, replication, round, score};

    const UNIT: &str = "agencies/3271/units/dpmptsp";
    const INNOVATION: &str = "agencies/3271/units/dpmptsp/innovations/sipandu";
    const ENTRY: &str = "rounds/kipp/entries/a";

    /// Asserts that the command of a message has the idempotency key under which every release has stored its
    /// response.
    fn has_stable_key<C: Command>(method: &'static str, message: C::Message)
    where
        C::Message: prost::Message + Clone,
    {
        let command = C::parse(message.clone(), DateTime::UNIX_EPOCH).unwrap();
        assert_eq!(
            command.idempotency_key(),
            Some(IdempotencyKey::new(method, "r1", &message)),
            "{method}"
        );
    }

    fn request_id() -> String {
        "r1".into()
    }

    fn evidence() -> Vec<v1::Link> {
        vec![v1::Link {
            title: "SK".into(),
            url: "https://example.go.id/sk.pdf".into(),
        }]
    }

    #[test]
    fn keys_of_requests_about_rounds_never_change() {
        has_stable_key::<round::Open>(
            "innovation.OpenRound",
            v1::OpenRoundRequest {
                request_id: request_id(),
                round_id: "kipp".into(),
                round: Some(v1::Round {
                    display_name: " KIPP ".into(),
                    year: 2022,
                    ..Default::default()
                }),
                template: "kipp-2022".into(),
            },
        );
        has_stable_key::<round::Advance>(
            "innovation.AdvanceRound",
            v1::AdvanceRoundRequest {
                request_id: request_id(),
                name: "rounds/kipp".into(),
                stage: "pengajuan".into(),
            },
        );
        has_stable_key::<round::Announce>(
            "innovation.AnnounceResults",
            v1::AnnounceResultsRequest {
                request_id: request_id(),
                name: "rounds/kipp".into(),
            },
        );
        has_stable_key::<entry::Enter>(
            "innovation.EnterRound",
            v1::EnterRoundRequest {
                request_id: request_id(),
                round: "rounds/kipp".into(),
                entry: Some(v1::Entry {
                    innovation: INNOVATION.into(),
                    group: "umum".into(),
                    ..Default::default()
                }),
            },
        );
        has_stable_key::<entry::Review>(
            "innovation.ReviewEntry",
            v1::ReviewEntryRequest {
                request_id: request_id(),
                name: ENTRY.into(),
                decision: v1::ReviewDecision::HandIn.into(),
                note: " Lengkap ".into(),
                causes: Vec::new(),
            },
        );
        has_stable_key::<score::Give>(
            "innovation.ScoreEntry",
            v1::ScoreEntryRequest {
                request_id: request_id(),
                entry: ENTRY.into(),
                parts: vec![v1::PartScore::default()],
                remark: String::new(),
            },
        );
        has_stable_key::<score::Recuse>(
            "innovation.RecuseEvaluator",
            v1::RecuseEvaluatorRequest {
                request_id: request_id(),
                entry: ENTRY.into(),
                evaluator: String::new(),
                reason: "Keluarga".into(),
                from_stage: String::new(),
            },
        );
    }

    #[test]
    fn keys_of_requests_about_innovations_never_change() {
        has_stable_key::<innovation::Register>(
            "innovation.RegisterInnovation",
            v1::RegisterInnovationRequest {
                request_id: request_id(),
                parent: UNIT.into(),
                innovation_id: "sipandu".into(),
                innovation: Some(v1::Innovation {
                    title: " Sipandu ".into(),
                    status: v1::InnovationStatus::Idea.into(),
                    ..Default::default()
                }),
                validate_only: false,
            },
        );
        has_stable_key::<replication::Record>(
            "innovation.RecordReplication",
            v1::RecordReplicationRequest {
                request_id: request_id(),
                parent: INNOVATION.into(),
                replication: Some(v1::Replication {
                    adopter: "agencies/3272/units/mpp".into(),
                    adopt_date: "2022-04-01".into(),
                    evidence: evidence(),
                    ..Default::default()
                }),
            },
        );
        has_stable_key::<replication::FollowUp>(
            "innovation.FollowUpReplication",
            v1::FollowUpReplicationRequest {
                request_id: request_id(),
                name: format!("{INNOVATION}/replications/a"),
                follow_up: Some(v1::FollowUp {
                    date: "2022-04-01".into(),
                    in_use: true,
                    remark: String::new(),
                }),
            },
        );
        has_stable_key::<replication::RecordTransfer>(
            "innovation.RecordTransfer",
            v1::RecordTransferRequest {
                request_id: request_id(),
                transfer: Some(v1::Transfer {
                    innovation: INNOVATION.into(),
                    title: "Studi tiru".into(),
                    date: "2022-04-01".into(),
                    receivers: vec!["agencies/3272/units/mpp".into()],
                    evidence: evidence(),
                }),
            },
        );
    }
}
