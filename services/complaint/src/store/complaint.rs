//! Reports. The columns beside the facts are what is searched by.

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::{from_micros, micros},
    db::{Txn, sql},
    failure::Failure,
    vault::Keyring,
};
use prima_proto::name;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Value};

use super::{
    Lock, json, next_version, read_json,
    sealed::{Content, Identity, Secrets, open, seal},
};
use crate::domain::case::Case;

#[derive(Debug, FromQueryResult)]
struct Row {
    id: i64,
    uid: String,
    workflow: String,
    calendar: i64,
    facts: String,
    due_at: Option<i64>,
    merged_into: Option<i64>,
    region: String,
    incident_date: String,
    sp4n_number: String,
    secrets: Vec<u8>,
    content: Option<Vec<u8>>,
    sealed_key: String,
    erased_at: Option<i64>,
    version: i64,
    updated_at: i64,
}

const SELECTED: &str =
    "SELECT id, uid, workflow, calendar, facts, due_at, merged_into, region, incident_date,
    sp4n_number, secrets, content, sealed_key, erased_at, version, updated_at FROM complaint";

/// A report as stored, its identity left out.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Key in the database.
    pub id: i64,
    /// Resource name.
    pub name: name::Complaint,
    /// Everything that is not personal.
    pub case: Case,
    /// Id of the workflow that leads it.
    pub workflow: String,
    /// Version of the calendar with which its deadlines were computed.
    pub calendar: i64,
    /// The deadline that comes first, unix microseconds.
    pub due_at: Option<i64>,
    /// The report that it was merged into.
    pub merged_into: Option<i64>,
    /// Region code; may be empty.
    pub region: String,
    /// Day of the incident, `YYYY-MM-DD`; may be empty.
    pub incident_date: String,
    /// Number in SP4N-LAPOR!; may be empty.
    pub sp4n_number: String,
    /// When identity or text was erased, unix microseconds.
    pub erased_at: Option<i64>,
    /// Version of its last change.
    pub version: i64,
    /// Last change, unix microseconds.
    pub updated_at: i64,
    secrets: Vec<u8>,
    content: Option<Vec<u8>>,
    sealed_key: String,
}

impl Stored {
    /// What it says; `None` once erased.
    pub fn content(&self, vault: &Keyring) -> Result<Option<Content>, Failure> {
        let sealed = self.content.as_deref();
        sealed
            .map(|bytes| open(vault, &self.sealed_key, bytes))
            .transpose()
    }

    /// What the reporter shows.
    pub fn secrets(&self, vault: &Keyring) -> Result<Secrets, Failure> {
        open(vault, &self.sealed_key, &self.secrets)
    }

    /// When it was received.
    pub fn received_at(&self) -> DateTime<Utc> {
        self.case.received_at
    }
}

impl TryFrom<Row> for Stored {
    type Error = DbErr;

    fn try_from(row: Row) -> Result<Self, DbErr> {
        Ok(Self {
            id: row.id,
            case: read_json(&row.uid, "facts", &row.facts)?,
            name: name::Complaint { complaint: row.uid },
            workflow: row.workflow,
            calendar: row.calendar,
            due_at: row.due_at,
            merged_into: row.merged_into,
            region: row.region,
            incident_date: row.incident_date,
            sp4n_number: row.sp4n_number,
            erased_at: row.erased_at,
            version: row.version,
            updated_at: row.updated_at,
            secrets: row.secrets,
            content: row.content,
            sealed_key: row.sealed_key,
        })
    }
}

/// A report that is new.
#[derive(Debug)]
pub struct New {
    /// Resource name.
    pub name: name::Complaint,
    /// Digest of the tracking code.
    pub tracking: Vec<u8>,
    /// Everything that is not personal.
    pub case: Case,
    /// Id of the workflow.
    pub workflow: String,
    /// Version of the calendar.
    pub calendar: i64,
    /// Region code; may be empty.
    pub region: String,
    /// Day of the incident; may be empty.
    pub incident_date: String,
    /// Number in SP4N-LAPOR!; may be empty.
    pub sp4n_number: String,
    /// What the reporter shows.
    pub secrets: Secrets,
    /// Who reports.
    pub identity: Option<Identity>,
    /// What it says.
    pub content: Content,
}

/// When things are to happen, as columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// The deadline that comes first.
    pub due: Option<DateTime<Utc>>,
    /// When the system has to act next.
    pub wake: Option<DateTime<Utc>>,
    /// When the next erasure is due.
    pub erase: Option<DateTime<Utc>>,
}

impl Times {
    fn values(&self) -> [Value; 3] {
        [self.due, self.wake, self.erase].map(|time| time.map(micros).into())
    }
}

/// Stores a new report; returns it as stored.
pub async fn complaint_insert(
    txn: &Txn,
    vault: &Keyring,
    new: New,
    times: Times,
    now: DateTime<Utc>,
) -> Result<Stored, Failure> {
    // One key for the whole row: all is sealed under the current one.
    let secrets = seal(vault, &new.secrets)?;
    let identity = new.identity.as_ref().map(|i| seal(vault, i)).transpose()?;
    let content = seal(vault, &new.content)?;
    let [due, wake, erase] = times.values();
    let case = &new.case;
    let values = [
        new.name.complaint.clone().into(),
        new.tracking.into(),
        case.agency.clone().into(),
        case.unit.clone().into(),
        case.class.clone().into(),
        case.state.clone().into(),
        i64::from(case.is_open()).into(),
        micros(case.received_at).into(),
        new.workflow.into(),
        new.calendar.into(),
        json(case)?.into(),
        due,
        wake,
        erase,
        new.region.into(),
        new.incident_date.into(),
        new.sp4n_number.into(),
        secrets.bytes.into(),
        identity.map(|sealed| sealed.bytes).into(),
        content.bytes.into(),
        secrets.key.into(),
        now.timestamp_millis().into(),
        micros(now).into(),
    ];
    let text = "INSERT INTO complaint (uid, tracking, agency, unit, class, state, open, received_at, workflow, calendar,
            facts, due_at, wake_at, erase_at, region, incident_date, sp4n_number, secrets, identity, content,
            sealed_key, version, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)
        RETURNING id, uid, workflow, calendar, facts, due_at, merged_into, region, incident_date, sp4n_number, secrets,
            content, sealed_key, erased_at, version, updated_at";
    let row = Row::find_by_statement(sql(txn, text, values)).one(txn).await?;
    let row = row.ok_or_else(|| Failure::internal("INSERT returned no row"))?;
    Ok(Stored::try_from(row)?)
}

/// Saves the facts and what is searched by, and takes the next version.
pub async fn complaint_save(
    txn: &Txn,
    stored: &mut Stored,
    times: Times,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let [due, wake, erase] = times.values();
    let case = &stored.case;
    let values = [
        stored.id.into(),
        case.agency.clone().into(),
        case.unit.clone().into(),
        case.class.clone().into(),
        case.state.clone().into(),
        i64::from(case.is_open()).into(),
        stored.calendar.into(),
        json(case)?.into(),
        due,
        wake,
        erase,
        stored.merged_into.into(),
        micros(now).into(),
        now.timestamp_millis().into(),
    ];
    let text = format!(
        "UPDATE complaint SET agency = $2, unit = $3, class = $4, state = $5, open = $6, calendar = $7, facts = $8,
            due_at = $9, wake_at = $10, erase_at = $11, merged_into = $12, updated_at = $13, version = {}
         WHERE id = $1 RETURNING version",
        next_version("complaint", 14)
    );
    let row = txn.query_one_raw(sql(txn, &text, values)).await?;
    let row = row.ok_or_else(|| DbErr::RecordNotUpdated)?;
    stored.version = row.try_get("", "version")?;
    stored.updated_at = micros(now);
    stored.due_at = times.due.map(micros);
    Ok(())
}

/// A report by its name, locked in the way asked for.
pub async fn complaint_get(
    conn: &impl ConnectionTrait,
    name: &name::Complaint,
    lock: Lock,
) -> Result<Option<Stored>, DbErr> {
    let text = format!("{SELECTED} WHERE uid = $1{}", lock.sql(conn));
    one(conn, &text, [name.complaint.clone().into()]).await
}

/// Two reports by their names, locked in the order of their keys; what does not exist is left out.
pub async fn complaints_lock(txn: &Txn, names: [&name::Complaint; 2]) -> Result<Vec<Stored>, DbErr> {
    let condition = format!("WHERE uid IN ($1, $2) ORDER BY id{}", Lock::Update.sql(txn));
    let values = names.map(|name| name.complaint.clone().into());
    complaints_where(txn, &condition, values.to_vec()).await
}

/// A report by the digest of its tracking code, locked in the way asked for.
pub async fn complaint_by_tracking(
    conn: &impl ConnectionTrait,
    tracking: &[u8],
    lock: Lock,
) -> Result<Option<Stored>, DbErr> {
    let text = format!("{SELECTED} WHERE tracking = $1{}", lock.sql(conn));
    one(conn, &text, [tracking.to_vec().into()]).await
}

/// A report by its key, locked in the way asked for.
pub async fn complaint_by_id(
    conn: &impl ConnectionTrait,
    id: i64,
    lock: Lock,
) -> Result<Option<Stored>, DbErr> {
    let text = format!("{SELECTED} WHERE id = $1{}", lock.sql(conn));
    one(conn, &text, [id.into()]).await
}

/// Reports by any condition that follows the selected columns, such as `WHERE …`.
pub async fn complaints_where(
    conn: &impl ConnectionTrait,
    condition: &str,
    values: Vec<Value>,
) -> Result<Vec<Stored>, DbErr> {
    let text = format!("{SELECTED} {condition}");
    let rows = Row::find_by_statement(sql(conn, &text, values)).all(conn).await?;
    rows.into_iter().map(Stored::try_from).collect()
}

async fn one<const N: usize>(
    conn: &impl ConnectionTrait,
    text: &str,
    values: [Value; N],
) -> Result<Option<Stored>, DbErr> {
    let row = Row::find_by_statement(sql(conn, text, values)).one(conn).await?;
    row.map(Stored::try_from).transpose()
}

/// A stored time.
pub fn time(micros: Option<i64>) -> Option<DateTime<Utc>> {
    micros.map(from_micros)
}
