//! Methods that read: from request to answer.

use std::{collections::HashMap, sync::Arc};

use prima_platform::{
    caller::Caller,
    failure::{Failure, Kind},
    faults::Faults,
    number::decimal,
};
use prima_proto::{complaint::v1, name};
use sea_orm::ConnectionTrait;

use super::{
    convert_list,
    faults::Fields,
    render_view::{self, Reader, Shown, View},
};
use crate::{
    app::{
        App, action::role, attachments, reporter, require_liaison, require_national, require_some,
        tracking_digest,
    },
    domain::{
        code,
        duplicate::{self, Likeness, Words},
        workflow::Workflow,
        worktime::WorkTime,
    },
    store::{
        Lock,
        attachment::Owner,
        complaint::{Stored, complaint_by_id, complaint_by_tracking, complaint_get},
        directory::unit_confirmed,
        list::{complaint_page, near_in_time, workflow_ids},
        sealed::{Content, Secrets},
        timeline::timeline_of,
    },
};

type Result<T> = std::result::Result<T, Failure>;

/// TrackComplaint.
pub async fn track(app: &App, request: v1::TrackComplaintRequest) -> Result<v1::TrackComplaintResponse> {
    let reader = app.context.db.reader();
    let access = request.access.unwrap_or_default();
    let (stored, shown) = shown(app, reader, access).await?;
    let merged = match goes_on_as(reader, &stored).await? {
        Some(other) => {
            let workflow = app.ground.workflow(reader, &other.workflow).await?;
            Some(render_view::merged(&other, &workflow))
        }
        None => None,
    };
    Ok(v1::TrackComplaintResponse {
        complaint: Some(view(app, &stored, Reader::Public(shown)).await?),
        merged,
    })
}

/// The report of a tracking code, with the secret or without; what is no code, the code of no report and another secret
/// are answered alike.
async fn shown(app: &App, conn: &impl ConnectionTrait, access: v1::Access) -> Result<(Stored, Shown)> {
    let tracking_code = code::read(&access.tracking_code, code::TRACKING).ok_or_else(reporter::unknown)?;
    let found = complaint_by_tracking(conn, &tracking_digest(&tracking_code), Lock::None).await?;
    let stored = found.ok_or_else(reporter::unknown)?;
    if access.secret.is_empty() {
        return Ok((stored, Shown::Code));
    }
    let secret = code::read(&access.secret, code::SECRET).ok_or_else(reporter::unknown)?;
    let given = Secrets {
        tracking_code,
        secret,
    };
    let secrets = stored.secrets(&app.vault)?;
    reporter::check(&secrets, &given)?;
    Ok((stored, Shown::Secret))
}

/// The report in which a merged one goes on: that may have been merged later itself. It ends, because what was merged is
/// merged once and nothing is merged into it any more.
async fn goes_on_as(conn: &impl ConnectionTrait, stored: &Stored) -> Result<Option<Stored>> {
    let (mut next, mut found) = (stored.merged_into, None);
    while let Some(id) = next {
        let other = complaint_by_id(conn, id, Lock::None).await?;
        let other = other.ok_or_else(|| Failure::internal("a report was merged into none"))?;
        next = other.merged_into;
        found = Some(other);
    }
    Ok(found)
}

/// GetComplaint.
pub async fn complaint(
    app: &App,
    caller: &Caller,
    request: v1::GetComplaintRequest,
) -> Result<v1::GetComplaintResponse> {
    let stored = named(app, caller, &request.name).await?;
    let role = role(caller, &stored.case)?;
    Ok(v1::GetComplaintResponse {
        complaint: Some(view(app, &stored, Reader::Official(role)).await?),
    })
}

/// The report of this name, for one who may read some.
async fn named(app: &App, caller: &Caller, raw: &str) -> Result<Stored> {
    let mut faults = Faults::default();
    let name = faults.name("name", raw, name::Complaint::parse);
    let name = faults.settle(name)?;
    require_some(caller)?;
    let found = complaint_get(app.context.db.reader(), &name, Lock::None).await?;
    // A code may stand in the name by mistake, so it is not repeated.
    found.ok_or_else(|| {
        Failure::new(
            Kind::NotFound,
            "NOT_FOUND",
            "there is no report of this name",
            "Laporan tidak ditemukan",
        )
    })
}

async fn view(app: &App, stored: &Stored, reader: Reader) -> Result<v1::Complaint> {
    let conn = app.context.db.reader();
    let case = &stored.case;
    let workflow = app.ground.workflow(conn, &stored.workflow).await?;
    let work_time = app.ground.work_time(conn, &case.agency).await?;
    let lines = timeline_of(conn, stored.id).await?;
    let owners = lines.iter().map(|line| Owner::Line(line.id));
    let owners: Vec<Owner> = owners.chain([Owner::Complaint(stored.id)]).collect();
    let view = View {
        stored,
        workflow: &workflow,
        work_time: &work_time,
        files: attachments::of(app, conn, &owners).await?,
        lines,
        unit_confirmed: unit_confirmed(conn, &case.agency, &case.unit).await?,
        now: app.now(),
    };
    view.shown(reader, &app.vault)
}

/// ListComplaints.
pub async fn complaints(
    app: &App,
    caller: &Caller,
    request: v1::ListComplaintsRequest,
) -> Result<v1::ListComplaintsResponse> {
    let conn = app.context.db.reader();
    let workflows = match request.state.is_empty() && request.class.is_empty() {
        true => Vec::new(),
        false => workflows(app, conn).await?,
    };
    let list = convert_list::list(request, &workflows)?;
    if list.filter.agency.is_empty() {
        require_national(caller)?;
    } else {
        require_liaison(caller, &list.filter.agency)?;
    }
    let (rows, next_page_token) =
        complaint_page(conn, &list.filter, app.now(), &list.page, list.after).await?;
    let mut complaints = Vec::new();
    let mut grounds = Grounds::default();
    for row in rows {
        let content = row.content(&app.vault)?.unwrap_or_default();
        complaints.push(grounds.summary(app, &row, content.title).await?);
    }
    Ok(v1::ListComplaintsResponse {
        complaints,
        next_page_token,
    })
}

/// Every workflow by which a report may be led.
async fn workflows(app: &App, conn: &impl ConnectionTrait) -> Result<Vec<Arc<Workflow>>> {
    let mut all = vec![app.ground.workflow(conn, &Workflow::built_in().id).await?];
    for id in workflow_ids(conn).await? {
        all.push(app.ground.workflow(conn, &id).await?);
    }
    Ok(all)
}

/// What the rows of one list are led by, read once for each agency.
#[derive(Default)]
struct Grounds(HashMap<String, WorkTime>);

impl Grounds {
    async fn summary(&mut self, app: &App, row: &Stored, title: String) -> Result<v1::ComplaintSummary> {
        let conn = app.context.db.reader();
        let workflow = app.ground.workflow(conn, &row.workflow).await?;
        let agency = &row.case.agency;
        if !self.0.contains_key(agency) {
            let work_time = app.ground.work_time(conn, agency).await?;
            self.0.insert(agency.clone(), work_time);
        }
        let work_time = self.0.get(agency);
        let work_time = work_time.ok_or_else(|| Failure::internal("no working time"))?;
        Ok(render_view::summary(row, title, &workflow, work_time, app.now()))
    }
}

/// ListDuplicates.
pub async fn duplicates(
    app: &App,
    caller: &Caller,
    request: v1::ListDuplicatesRequest,
) -> Result<v1::ListDuplicatesResponse> {
    let stored = named(app, caller, &request.name).await?;
    role(caller, &stored.case)?;
    let Some(own) = stored.content(&app.vault)? else {
        // Once erased it is like nothing.
        return Ok(v1::ListDuplicatesResponse::default());
    };
    let conn = app.context.db.reader();
    let others = near_in_time(conn, &stored, duplicate::SPAN, duplicate::COMPARED).await?;
    let app_of_thread = app.clone();
    // Hundreds of texts of up to 10,000 characters take their time.
    let compared = tokio::task::spawn_blocking(move || compare(&app_of_thread, &own, others));
    let mut duplicates = Vec::new();
    let mut grounds = Grounds::default();
    for found in compared.await.map_err(Failure::internal)?? {
        duplicates.push(v1::Duplicate {
            complaint: Some(grounds.summary(app, &found.stored, found.title).await?),
            text_similarity: decimal(&found.likeness.text, 2),
            title_similarity: decimal(&found.likeness.title, 2),
        });
    }
    Ok(v1::ListDuplicatesResponse { duplicates })
}

/// A report much like another.
struct Found {
    stored: Stored,
    title: String,
    likeness: Likeness,
}

/// Those of `others` that are much like `own`, the most alike first; of equals the one nearer in time.
fn compare(app: &App, own: &Content, others: Vec<Stored>) -> Result<Vec<Found>> {
    let words = |content: &Content| Words::new(&content.title, &content.text);
    let own = words(own);
    let mut found = Vec::new();
    for stored in others {
        let Some(content) = stored.content(&app.vault)? else {
            continue;
        };
        if let Some(likeness) = own.likeness(&words(&content)) {
            found.push(Found {
                stored,
                title: content.title,
                likeness,
            });
        }
    }
    found.sort_by(|a, b| b.likeness.most().cmp(a.likeness.most()));
    found.truncate(duplicate::SHOWN);
    Ok(found)
}
