//! Reads reports.

use prima_platform::{
    caller::Caller,
    failure::{Failure, Kind},
    request,
};
use prima_proto::complaint::v1;
use sea_orm::ConnectionTrait;

use super::view::{self, Credentials, Reader, View};
use crate::{
    context::App,
    domain::{code, workflow::Role},
    rpc::{
        access::{self, Access, tracking_digest},
        files,
        rights::role_in,
    },
    store::{
        Lock,
        attachment::Owner,
        complaint::{Stored, complaint_by_id, complaint_by_tracking, complaint_get},
        directory_unit::unit_confirmed,
        timeline::timeline_of,
    },
};

/// The report of a tracking code. Its status is returned for the code alone; its confidential content needs the secret
/// too.
pub async fn track(
    app: &App,
    request: v1::TrackComplaintRequest,
) -> Result<v1::TrackComplaintResponse, Failure> {
    let reader = app.context.db.reader();
    let access = request.access.unwrap_or_default();
    let (stored, credentials) = find_by_access(app, reader, access).await?;
    let merged = match merge_target(reader, &stored).await? {
        Some(other) => {
            let workflow = app.settings.workflow(reader, &other.workflow).await?;
            Some(view::merged(&other, &workflow))
        }
        None => None,
    };
    Ok(v1::TrackComplaintResponse {
        complaint: Some(whole(app, &stored, Reader::Public(credentials)).await?),
        merged,
    })
}

/// The report of a tracking code, with or without a secret. A malformed code, an unknown code and a wrong secret all
/// get the same answer.
async fn find_by_access(
    app: &App,
    conn: &impl ConnectionTrait,
    given: v1::Access,
) -> Result<(Stored, Credentials), Failure> {
    let tracking_code = code::read(&given.tracking_code, code::TRACKING).ok_or_else(access::unknown)?;
    if given.secret.is_empty() {
        let found = complaint_by_tracking(conn, &tracking_digest(&tracking_code), Lock::None).await?;
        return Ok((found.ok_or_else(access::unknown)?, Credentials::Code));
    }
    let secret = code::read(&given.secret, code::SECRET).ok_or_else(access::unknown)?;
    let access = Access {
        tracking_code,
        secret,
    };
    Ok((
        access::report(app, conn, &access, Lock::None).await?,
        Credentials::CodeAndSecret,
    ))
}

/// Follows mergers from a report to the one that is still open, or was closed last. The loop ends, because a report is
/// merged only once and nothing can be merged into a merged report.
async fn merge_target(conn: &impl ConnectionTrait, stored: &Stored) -> Result<Option<Stored>, Failure> {
    let (mut next, mut found) = (stored.merged_into, None);
    while let Some(id) = next {
        let other = complaint_by_id(conn, id).await?;
        let other = other
            .ok_or_else(|| Failure::internal("the report that another one was merged into does not exist"))?;
        next = other.merged_into;
        found = Some(other);
    }
    Ok(found)
}

/// One report, for an official of the agency that handles it.
pub async fn get(
    app: &App,
    caller: Caller,
    request: v1::GetComplaintRequest,
) -> Result<v1::GetComplaintResponse, Failure> {
    let (stored, role) = named(app, &caller, &request.name).await?;
    Ok(v1::GetComplaintResponse {
        complaint: Some(whole(app, &stored, Reader::Official(role)).await?),
    })
}

/// The report of this name and the caller's role in the agency that handles it. For callers without such a role the
/// report is reported as not found.
pub async fn named(app: &App, caller: &Caller, raw: &str) -> Result<(Stored, Role), Failure> {
    let name = request::name("name", raw)?;
    let found = complaint_get(app.context.db.reader(), &name, Lock::None).await?;
    let found = found.and_then(|stored| {
        let role = role_in(caller, &stored.case.agency).ok()?;
        Some((stored, role))
    });
    // The name is not repeated, because a tracking code may have been given in its place by mistake.
    found.ok_or_else(|| {
        Failure::new(
            Kind::NotFound,
            "NOT_FOUND",
            "there is no report of this name",
            "Laporan tidak ditemukan",
        )
    })
}

async fn whole(app: &App, stored: &Stored, reader: Reader) -> Result<v1::Complaint, Failure> {
    let conn = app.context.db.reader();
    let case = &stored.case;
    let workflow = app.settings.workflow(conn, &stored.workflow).await?;
    let work_time = app.settings.work_time(conn, &case.agency).await?;
    let lines = timeline_of(conn, stored.id).await?;
    let owners = lines.iter().map(|line| Owner::Line(line.id));
    let owners: Vec<Owner> = owners.chain([Owner::Complaint(stored.id)]).collect();
    let view = View {
        stored,
        workflow: &workflow,
        work_time: &work_time,
        files: files::of_owners(app, conn, &owners).await?,
        lines,
        unit_confirmed: unit_confirmed(conn, &case.agency, &case.unit).await?,
        now: app.now(),
    };
    view.render(reader, &app.vault)
}
