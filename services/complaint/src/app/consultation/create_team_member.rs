//! Adds a member to an agency's team.

use prima_platform::{caller::Caller, failure::Failure};
use prima_proto::{complaint::v1, name};

use super::App;
use crate::{
    app::{Once, require_coordinator},
    grpc::render_consultation,
    store::member::{Member, Stored, member_insert},
};

const METHOD: &str = "complaint.CreateTeamMember";

/// A new member.
pub struct Request {
    /// Tells repeats.
    pub once: Once,
    /// Resource name.
    pub name: name::Member,
    /// What is kept.
    pub member: Member,
}

/// The member as stored, the first answer when the request is a repeat.
pub async fn run(app: &App, caller: &Caller, request: Request) -> Result<v1::TeamMember, Failure> {
    require_coordinator(caller, &request.name.agency)?;
    let txn = app.context.db.begin().await?;
    let mut stored = Stored {
        name: request.name,
        member: request.member,
        version: app.now().timestamp_millis(),
    };
    let first = request.once.find::<v1::TeamMember>(&txn, METHOD, caller).await?;
    if let Some(first) = first {
        // The repeat says the same, so that only the version has to be kept.
        stored.version = first.etag.parse().map_err(Failure::internal)?;
        return Ok(render_consultation::member(&stored));
    }
    if !member_insert(&txn, &stored).await? {
        return Err(Failure::already_exists(&stored.name.to_string()));
    }
    let kept = v1::TeamMember {
        etag: stored.version.to_string(),
        ..Default::default()
    };
    request.once.keep(&txn, METHOD, caller, &kept, app).await?;
    app.commit(txn).await?;
    Ok(render_consultation::member(&stored))
}
