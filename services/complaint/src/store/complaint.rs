//! Reports. `facts` holds the case as JSON; the other columns are there to search by, or are encrypted.

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::micros,
    db::{Txn, sql},
    failure::Failure,
    vault::Keyring,
};
use prima_proto::name;
use sea_orm::{Iterable, QueryOrder, QuerySelect, QueryTrait, Set, entity::prelude::*};
use serde::{Deserialize, Serialize};

use super::{
    Lock, json, next_version, read_json,
    sealed::{Content, Identity, Secrets, open, open_optional, seal},
};
use crate::domain::{
    case::{Case, Missed},
    performance::{Cell, held_cells},
    workflow::Workflow,
};

#[derive(Clone, Debug, DeriveEntityModel)]
#[sea_orm(table_name = "complaint")]
pub(super) struct Model {
    #[sea_orm(primary_key)]
    pub(super) id: i64,
    uid: String,
    tracking: Vec<u8>,
    pub(super) agency: String,
    unit: String,
    class: String,
    state: String,
    open: i64,
    received_at: i64,
    workflow: String,
    calendar: i64,
    pub(super) facts: String,
    due_at: Option<i64>,
    wake_at: Option<i64>,
    erase_at: Option<i64>,
    merged_into: Option<i64>,
    region: String,
    incident_date: String,
    /// The number of a report that an earlier release stored, until it is encrypted; else empty.
    pub(super) sp4n_number: String,
    secrets: Vec<u8>,
    pub(super) identity: Option<Vec<u8>>,
    pub(super) content: Option<Vec<u8>>,
    pub(super) sealed_key: String,
    erased_at: Option<i64>,
    pub(super) identity_erased_at: Option<i64>,
    version: i64,
    updated_at: i64,
    held: String,
    counted: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(super) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// A report as stored, without its identity.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Key in the database.
    pub id: i64,
    pub name: name::Complaint,
    /// The case, which contains no personal data.
    pub case: Case,
    /// Id of the workflow that it follows.
    pub workflow: String,
    /// Version of the calendar with which its deadlines were computed.
    pub calendar: i64,
    /// The earliest running deadline, unix microseconds.
    pub due_at: Option<i64>,
    /// Database key of the report that it was merged into.
    pub merged_into: Option<i64>,
    /// Region code; may be empty.
    pub region: String,
    /// Day of the incident, `YYYY-MM-DD`; may be empty.
    pub incident_date: String,
    /// When its identity or text was erased, unix microseconds.
    pub erased_at: Option<i64>,
    /// Version of its last change.
    pub version: i64,
    /// Time of the last change, unix microseconds.
    pub updated_at: i64,
    /// How it is counted in the figures now.
    pub counted: Counted,
    sp4n_number: String,
    secrets: Vec<u8>,
    content: Option<Vec<u8>>,
    sealed_key: String,
}

/// How a report is counted in the figures.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counted {
    /// Its cells of `held_tally`.
    pub held: Vec<Cell>,
    /// False while the tallies contain it by its month in Jakarta, as an earlier release counted it.
    pub by_zone: bool,
}

impl Counted {
    /// How a case is to be counted.
    pub fn of(case: &Case, workflow: &Workflow) -> Self {
        Self {
            held: held_cells(case, workflow),
            by_zone: true,
        }
    }
}

/// The column `held`. A process of an earlier release does not change it.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Held {
    missed: Vec<Missed>,
    cells: Vec<Cell>,
}

fn held(case: &Case, counted: &Counted) -> Result<String, DbErr> {
    json(&Held {
        missed: case.missed.clone(),
        cells: counted.held.clone(),
    })
}

impl Stored {
    /// Its title, text, location and number in SP4N-LAPOR!; `None` once erased.
    pub fn content(&self, vault: &Keyring) -> Result<Option<Content>, Failure> {
        let content: Option<Content> = open_optional(vault, &self.sealed_key, self.content.as_deref())?;
        Ok(content.map(|mut content| {
            if !self.sp4n_number.is_empty() {
                content.sp4n_number.clone_from(&self.sp4n_number);
            }
            content
        }))
    }

    /// Its tracking code and secret.
    pub fn secrets(&self, vault: &Keyring) -> Result<Secrets, Failure> {
        open(vault, &self.sealed_key, &self.secrets)
    }

    pub fn received_at(&self) -> DateTime<Utc> {
        self.case.received_at
    }
}

impl TryFrom<Model> for Stored {
    type Error = DbErr;

    fn try_from(row: Model) -> Result<Self, DbErr> {
        let mut case: Case = read_json(&row.uid, "facts", &row.facts)?;
        let held: Held = match row.held.as_str() {
            "" => Held::default(),
            text => read_json(&row.uid, "held", text)?,
        };
        case.missed = held.missed;
        if row.counted < row.version {
            case.recall_missed();
        }
        Ok(Self {
            id: row.id,
            case,
            counted: Counted {
                held: held.cells,
                by_zone: row.counted > 0,
            },
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

/// A new report.
#[derive(Debug)]
pub struct New {
    pub name: name::Complaint,
    /// Digest of the tracking code, by which it is looked up.
    pub tracking: Vec<u8>,
    /// The case, which contains no personal data.
    pub case: Case,
    /// Id of the workflow that it follows.
    pub workflow: String,
    /// Version of the calendar with which its deadlines were computed.
    pub calendar: i64,
    /// Region code; may be empty.
    pub region: String,
    /// Day of the incident; may be empty.
    pub incident_date: String,
    pub secrets: Secrets,
    /// The reporter, unless anonymous.
    pub identity: Option<Identity>,
    pub content: Content,
    /// How it is counted in the figures.
    pub counted: Counted,
}

/// When something has to happen to a report; each is stored in a column of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// The earliest running deadline.
    pub due: Option<DateTime<Utc>>,
    /// When the system has to act next.
    pub wake: Option<DateTime<Utc>>,
    /// When the next erasure is due.
    pub erase: Option<DateTime<Utc>>,
}

/// Inserts a new report and returns it as stored.
pub async fn complaint_insert_in_txn(
    txn: &Txn,
    vault: &Keyring,
    new: New,
    times: Times,
    now: DateTime<Utc>,
) -> Result<Stored, Failure> {
    // A row has one `sealed_key`, so everything in it is encrypted under the current key.
    let secrets = seal(vault, &new.secrets)?;
    let identity = new.identity.as_ref().map(|i| seal(vault, i)).transpose()?;
    let content = seal(vault, &new.content)?;
    let case = &new.case;
    let row = ActiveModel {
        uid: Set(new.name.complaint),
        tracking: Set(new.tracking),
        received_at: Set(micros(case.received_at)),
        workflow: Set(new.workflow),
        region: Set(new.region),
        incident_date: Set(new.incident_date),
        sp4n_number: Set(String::new()),
        secrets: Set(secrets.bytes),
        identity: Set(identity.map(|sealed| sealed.bytes)),
        content: Set(Some(content.bytes)),
        sealed_key: Set(secrets.key),
        version: Set(now.timestamp_millis()),
        held: Set(held(case, &new.counted)?),
        counted: Set(now.timestamp_millis()),
        ..changing(case, new.calendar, times, now)?
    };
    let row = Entity::insert(row).exec_with_returning(txn).await?;
    Ok(Stored::try_from(row)?)
}

/// The columns that follow from the facts, except the version.
fn changing(case: &Case, calendar: i64, times: Times, now: DateTime<Utc>) -> Result<ActiveModel, DbErr> {
    Ok(ActiveModel {
        agency: Set(case.agency.clone()),
        unit: Set(case.unit.clone()),
        class: Set(case.class.clone()),
        state: Set(case.state.clone()),
        open: Set(case.is_open().into()),
        calendar: Set(calendar),
        facts: Set(json(case)?),
        due_at: Set(times.due.map(micros)),
        wake_at: Set(times.wake.map(micros)),
        erase_at: Set(times.erase.map(micros)),
        updated_at: Set(micros(now)),
        ..Default::default()
    })
}

/// Saves the facts and the columns that follow from them, and takes the next version.
pub async fn complaint_save_in_txn(
    txn: &Txn,
    stored: &mut Stored,
    times: Times,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    stored.version = next_version(stored.version, now);
    stored.updated_at = micros(now);
    stored.due_at = times.due.map(micros);
    let row = ActiveModel {
        merged_into: Set(stored.merged_into),
        version: Set(stored.version),
        held: Set(held(&stored.case, &stored.counted)?),
        counted: Set(stored.version),
        ..changing(&stored.case, stored.calendar, times, now)?
    };
    let one = Entity::update_many().set(row).filter(Column::Id.eq(stored.id));
    match one.exec(txn).await?.rows_affected {
        1 => Ok(()),
        _ => Err(DbErr::RecordNotUpdated),
    }
}

/// Saves which calendar a report follows and when it is due. The version of the report stays, because nothing that callers
/// read has changed, so their etags remain valid.
pub async fn complaint_reschedule_in_txn(txn: &Txn, stored: &Stored, times: Times) -> Result<(), DbErr> {
    let row = ActiveModel {
        calendar: Set(stored.calendar),
        due_at: Set(times.due.map(micros)),
        wake_at: Set(times.wake.map(micros)),
        ..Default::default()
    };
    let one = Entity::update_many().set(row).filter(Column::Id.eq(stored.id));
    one.exec(txn).await.map(drop)
}

/// Reports that are not counted as this release counts them, the oldest first: an earlier release changed them last.
pub async fn complaints_uncounted(conn: &impl ConnectionTrait, limit: u64) -> Result<Vec<i64>, DbErr> {
    let ids = Entity::find().select_only().column(Column::Id);
    // The condition is worded as in the partial index `complaint_uncounted`.
    let ids = ids
        .filter(Expr::cust("counted < version"))
        .order_by_asc(Column::Id);
    ids.limit(limit).into_tuple().all(conn).await
}

/// Saves how a report is counted. Its version stays, because nothing that callers read has changed.
pub async fn counted_save_in_txn(txn: &Txn, stored: &Stored) -> Result<(), DbErr> {
    let row = ActiveModel {
        held: Set(held(&stored.case, &stored.counted)?),
        counted: Set(stored.version),
        ..Default::default()
    };
    let one = Entity::update_many().set(row).filter(Column::Id.eq(stored.id));
    one.exec(txn).await.map(drop)
}

/// Selects reports without their identities, which only `store/identity.rs` reads.
fn reports() -> Select<Entity> {
    let columns = Column::iter().filter(|column| !matches!(column, Column::Identity));
    Entity::find().select_only().columns(columns)
}

async fn one(conn: &impl ConnectionTrait, lock: Lock, condition: Expr) -> Result<Option<Stored>, DbErr> {
    let row = lock.on(reports().filter(condition)).one(conn).await?;
    row.map(Stored::try_from).transpose()
}

/// A report by its name, locked as `lock` says.
pub async fn complaint_get(
    conn: &impl ConnectionTrait,
    name: &name::Complaint,
    lock: Lock,
) -> Result<Option<Stored>, DbErr> {
    one(conn, lock, Column::Uid.eq(name.complaint.as_str())).await
}

/// Two reports by their names, locked in the order of their database keys; a missing one is left out.
pub async fn complaints_lock_in_txn(txn: &Txn, names: [&name::Complaint; 2]) -> Result<Vec<Stored>, DbErr> {
    let both = reports().filter(Column::Uid.is_in(names.map(|name| name.complaint.as_str())));
    let both = Lock::Update.on(both.order_by_asc(Column::Id));
    stored(both.all(txn).await?)
}

/// A report by the digest of its tracking code, locked as `lock` says.
pub async fn complaint_by_tracking(
    conn: &impl ConnectionTrait,
    tracking: &[u8],
    lock: Lock,
) -> Result<Option<Stored>, DbErr> {
    one(conn, lock, Column::Tracking.eq(tracking)).await
}

/// Reports by their database keys, locked in the order of these; a missing one is left out.
pub async fn complaints_lock_by_id_in_txn(txn: &Txn, ids: Vec<i64>) -> Result<Vec<Stored>, DbErr> {
    let rows = reports().filter(Column::Id.is_in(ids)).order_by_asc(Column::Id);
    stored(Lock::Update.on(rows).all(txn).await?)
}

/// A report by its database key.
pub async fn complaint_by_id(conn: &impl ConnectionTrait, id: i64) -> Result<Option<Stored>, DbErr> {
    one(conn, Lock::None, Column::Id.eq(id)).await
}

/// Reports by hand-written SQL that follows the selected columns, such as `WHERE …`. Lists use it, because tests
/// check their query plans.
pub async fn complaints_where(
    conn: &impl ConnectionTrait,
    condition: &str,
    values: Vec<Value>,
) -> Result<Vec<Stored>, DbErr> {
    let selected = reports().build(conn.get_database_backend()).sql;
    let text = format!("{selected} {condition}");
    let rows = Entity::find().from_raw_sql(sql(conn, &text, values));
    stored(rows.all(conn).await?)
}

fn stored(rows: Vec<Model>) -> Result<Vec<Stored>, DbErr> {
    rows.into_iter().map(Stored::try_from).collect()
}

/// Whether the oldest report that is stored under a key can be decrypted with it; `true` when there is none.
pub async fn key_opens(conn: &impl ConnectionTrait, vault: &Keyring, key: &str) -> Result<bool, DbErr> {
    let oldest = Entity::find().select_only().column(Column::Secrets);
    let oldest = oldest.filter(Column::SealedKey.eq(key)).order_by_asc(Column::Id);
    let sealed: Option<Vec<u8>> = oldest.into_tuple().one(conn).await?;
    Ok(sealed.is_none_or(|bytes| open::<Secrets>(vault, key, &bytes).is_ok()))
}
