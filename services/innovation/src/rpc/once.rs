//! What tells a repeat in this service: the message as it came, the request's id included. Answers are kept under that
//! digest for ever.

use prima_platform::{command::Once, failure::Violation, request_id};

/// Of a request of `method`, whose message has the id `request_id`.
///
/// # Errors
///
/// The id has another form.
pub fn once(
    method: &'static str,
    request_id: &str,
    message: &impl prost::Message,
) -> Result<Once, Violation> {
    request_id::check("request_id", request_id)?;
    Ok(Once::new(method, request_id, message))
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use prima_platform::command::{Command, Once};
    use prima_proto::innovation::v1;

    use crate::rpc::{entry, innovation, replication, round, score};

    const UNIT: &str = "agencies/3271/units/dpmptsp";
    const INNOVATION: &str = "agencies/3271/units/dpmptsp/innovations/sipandu";
    const ENTRY: &str = "rounds/kipp/entries/a";

    /// The command that a message asks for finds the first answer that any release has kept.
    fn kept<C: Command>(method: &'static str, message: C::Message)
    where
        C::Message: prost::Message + Clone,
    {
        let command = C::parse(message.clone(), DateTime::UNIX_EPOCH).unwrap();
        assert_eq!(
            command.once(),
            Some(Once::new(method, "r1", &message)),
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
    fn first_answers_about_rounds_are_found_for_ever() {
        kept::<round::Open>(
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
        kept::<round::Advance>(
            "innovation.AdvanceRound",
            v1::AdvanceRoundRequest {
                request_id: request_id(),
                name: "rounds/kipp".into(),
                stage: "pengajuan".into(),
            },
        );
        kept::<round::Announce>(
            "innovation.AnnounceResults",
            v1::AnnounceResultsRequest {
                request_id: request_id(),
                name: "rounds/kipp".into(),
            },
        );
        kept::<entry::Enter>(
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
        kept::<entry::Review>(
            "innovation.ReviewEntry",
            v1::ReviewEntryRequest {
                request_id: request_id(),
                name: ENTRY.into(),
                decision: v1::ReviewDecision::HandIn.into(),
                note: " Lengkap ".into(),
                causes: Vec::new(),
            },
        );
        kept::<score::Give>(
            "innovation.ScoreEntry",
            v1::ScoreEntryRequest {
                request_id: request_id(),
                entry: ENTRY.into(),
                parts: vec![v1::PartScore::default()],
                remark: String::new(),
            },
        );
        kept::<score::Recuse>(
            "innovation.RecuseEvaluator",
            v1::RecuseEvaluatorRequest {
                request_id: request_id(),
                entry: ENTRY.into(),
                evaluator: String::new(),
                reason: "Keluarga".into(),
            },
        );
    }

    #[test]
    fn first_answers_about_innovations_are_found_for_ever() {
        kept::<innovation::Register>(
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
            },
        );
        kept::<replication::Record>(
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
        kept::<replication::FollowUp>(
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
        kept::<replication::RecordTransfer>(
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
