//! Consultations. Texts that people wrote are encrypted; the other columns are there to search by.

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::{from_micros, micros},
    db::{Txn, broken, sql},
    disclosure::full_steps,
    failure::Failure,
    page::Page,
    vault::{Encrypted, Keyring},
};
use prima_proto::name;
use sea_orm::{FromQueryResult, Set, entity::prelude::*};

use super::{
    Lock, next_version,
    sealed::{ConsultationText, Identity, Secrets, open_optional, seal},
};
use crate::domain::{
    case::Channel,
    consultation::{Appointment, Kind, Mode, Progress, State},
};

#[derive(Clone, Debug, DeriveEntityModel)]
#[sea_orm(table_name = "consultation")]
pub(super) struct Model {
    #[sea_orm(primary_key)]
    pub(super) id: i64,
    uid: String,
    tracking: Option<Vec<u8>>,
    kind: String,
    pub(super) agency: String,
    unit: String,
    asking_agency: String,
    asking_unit: String,
    topic: String,
    channel: String,
    state: String,
    member: String,
    received_at: i64,
    first_answer_at: Option<i64>,
    pub(super) completed_at: Option<i64>,
    appointment_at: Option<i64>,
    appointment_mode: String,
    rating: i64,
    pub(super) secrets: Option<Vec<u8>>,
    pub(super) identity: Option<Vec<u8>>,
    pub(super) content: Option<Vec<u8>>,
    pub(super) sealed_key: String,
    erase_at: Option<i64>,
    pub(super) erased_at: Option<i64>,
    pub(super) identity_erased_at: Option<i64>,
    pub(super) version: i64,
    updated_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(super) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Who asks whom about what; never changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    pub kind: Kind,
    /// The agency that answers.
    pub agency: String,
    /// The unit that answers; empty for the clinic.
    pub unit: String,
    /// The unit that asks; only for the clinic.
    pub asking: Option<name::Unit>,
    pub topic: String,
    /// The channel by which the question came.
    pub channel: Channel,
}

/// A consultation as stored, without its answers.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Key in the database.
    pub id: i64,
    pub name: name::Consultation,
    pub head: Head,
    /// Its state and what has happened so far.
    pub progress: Progress,
    /// When its erasure is due.
    pub erase_at: Option<DateTime<Utc>>,
    /// Version of its last change.
    pub version: i64,
    /// Time of the last change, unix microseconds.
    pub updated_at: i64,
    secrets: Option<Vec<u8>>,
    identity: Option<Vec<u8>>,
    text: Option<Vec<u8>>,
    sealed_key: String,
}

impl Stored {
    /// Its texts except the answers; `None` once erased.
    pub fn text(&self, vault: &Keyring) -> Result<Option<ConsultationText>, Failure> {
        open_optional(vault, &self.sealed_key, self.text.as_deref())
    }

    /// Tracking code and secret of the citizen; `None` for the clinic.
    pub fn secrets(&self, vault: &Keyring) -> Result<Option<Secrets>, Failure> {
        open_optional(vault, &self.sealed_key, self.secrets.as_deref())
    }

    /// Replaces the texts. A row has one `sealed_key`, so everything in it is encrypted again under the current key.
    pub fn rewrite(&mut self, vault: &Keyring, text: &ConsultationText) -> Result<(), Failure> {
        let secrets = self.secrets(vault)?;
        let identity: Option<Identity> = open_optional(vault, &self.sealed_key, self.identity.as_deref())?;
        let parts = SealedParts::seal(vault, secrets.as_ref(), identity.as_ref(), text)?;
        self.secrets = parts.secrets;
        self.identity = parts.identity;
        self.text = Some(parts.text);
        self.sealed_key = parts.key;
        Ok(())
    }
}

struct SealedParts {
    secrets: Option<Vec<u8>>,
    identity: Option<Vec<u8>>,
    text: Vec<u8>,
    key: String,
}

impl SealedParts {
    fn seal(
        vault: &Keyring,
        secrets: Option<&Secrets>,
        identity: Option<&Identity>,
        text: &ConsultationText,
    ) -> Result<Self, Failure> {
        let Encrypted { key, bytes } = seal(vault, text)?;
        Ok(Self {
            secrets: secrets.map(|s| seal(vault, s)).transpose()?.map(|s| s.bytes),
            identity: identity.map(|i| seal(vault, i)).transpose()?.map(|s| s.bytes),
            text: bytes,
            key,
        })
    }
}

impl TryFrom<Model> for Stored {
    type Error = DbErr;

    fn try_from(row: Model) -> Result<Self, DbErr> {
        let uid = &row.uid;
        let appointment = match row.appointment_at {
            None => None,
            Some(at) => Some(Appointment {
                at: from_micros(at),
                mode: Mode::parse(&row.appointment_mode).ok_or_else(|| broken(uid, "appointment_mode"))?,
            }),
        };
        let head = Head {
            kind: Kind::parse(&row.kind).ok_or_else(|| broken(uid, "kind"))?,
            agency: row.agency,
            unit: row.unit,
            asking: (!row.asking_agency.is_empty()).then_some(name::Unit {
                agency: row.asking_agency,
                unit: row.asking_unit,
            }),
            topic: row.topic,
            channel: Channel::parse(&row.channel).ok_or_else(|| broken(uid, "channel"))?,
        };
        let progress = Progress {
            state: State::parse(&row.state).ok_or_else(|| broken(uid, "state"))?,
            member: row.member,
            appointment,
            received_at: from_micros(row.received_at),
            first_answer_at: row.first_answer_at.map(from_micros),
            completed_at: row.completed_at.map(from_micros),
            rating: i32::try_from(row.rating).map_err(|_| broken(uid, "rating"))?,
        };
        Ok(Self {
            id: row.id,
            name: name::Consultation {
                consultation: row.uid,
            },
            head,
            progress,
            erase_at: row.erase_at.map(from_micros),
            version: row.version,
            updated_at: row.updated_at,
            secrets: row.secrets,
            identity: row.identity,
            text: row.content,
            sealed_key: row.sealed_key,
        })
    }
}

/// A new consultation.
#[derive(Debug)]
pub struct New {
    pub name: name::Consultation,
    pub head: Head,
    /// Digest of the tracking code, and tracking code and secret; only for the service desk.
    pub secrets: Option<(Vec<u8>, Secrets)>,
    /// The citizen, if known.
    pub identity: Option<Identity>,
    /// Contains the question.
    pub text: ConsultationText,
}

/// Inserts a new consultation and returns its database key.
pub async fn consultation_insert_in_txn(
    txn: &Txn,
    vault: &Keyring,
    new: New,
    now: DateTime<Utc>,
) -> Result<i64, Failure> {
    let (tracking, secrets) = new.secrets.unzip();
    let parts = SealedParts::seal(vault, secrets.as_ref(), new.identity.as_ref(), &new.text)?;
    let progress = Progress::receive(now);
    let head = new.head;
    let (asking_agency, asking_unit) = head.asking.map(|u| (u.agency, u.unit)).unwrap_or_default();
    let row = ActiveModel {
        uid: Set(new.name.consultation),
        tracking: Set(tracking),
        kind: Set(head.kind.key().to_owned()),
        agency: Set(head.agency),
        unit: Set(head.unit),
        asking_agency: Set(asking_agency),
        asking_unit: Set(asking_unit),
        topic: Set(head.topic),
        channel: Set(head.channel.key().to_owned()),
        received_at: Set(micros(now)),
        secrets: Set(parts.secrets),
        identity: Set(parts.identity),
        content: Set(Some(parts.text)),
        sealed_key: Set(parts.key),
        version: Set(now.timestamp_millis()),
        ..changing(&progress, now)
    };
    Ok(Entity::insert(row).exec(txn).await?.last_insert_id)
}

/// The columns that follow from the progress, except the version.
fn changing(progress: &Progress, now: DateTime<Utc>) -> ActiveModel {
    let mode = progress.appointment.map(|a| a.mode.key()).unwrap_or_default();
    ActiveModel {
        state: Set(progress.state.key().to_owned()),
        member: Set(progress.member.clone()),
        first_answer_at: Set(progress.first_answer_at.map(micros)),
        completed_at: Set(progress.completed_at.map(micros)),
        appointment_at: Set(progress.appointment.map(|a| micros(a.at))),
        appointment_mode: Set(mode.to_owned()),
        rating: Set(progress.rating.into()),
        updated_at: Set(micros(now)),
        ..Default::default()
    }
}

/// Saves the progress and the encrypted columns, and takes the next version.
pub async fn consultation_save_in_txn(
    txn: &Txn,
    stored: &mut Stored,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    stored.version = next_version(stored.version, now);
    stored.updated_at = micros(now);
    let row = ActiveModel {
        id: Set(stored.id),
        secrets: Set(stored.secrets.clone()),
        identity: Set(stored.identity.clone()),
        content: Set(stored.text.clone()),
        sealed_key: Set(stored.sealed_key.clone()),
        erase_at: Set(stored.erase_at.map(micros)),
        version: Set(stored.version),
        ..changing(&stored.progress, now)
    };
    row.update(txn).await.map(drop)
}

/// A consultation by its name, locked as `lock` says.
pub async fn consultation_get(
    conn: &impl ConnectionTrait,
    name: &name::Consultation,
    lock: Lock,
) -> Result<Option<Stored>, DbErr> {
    one(conn, lock, Column::Uid.eq(name.consultation.as_str())).await
}

/// A consultation by the digest of its tracking code, locked as `lock` says.
pub async fn consultation_by_tracking(
    conn: &impl ConnectionTrait,
    tracking: &[u8],
    lock: Lock,
) -> Result<Option<Stored>, DbErr> {
    one(conn, lock, Column::Tracking.eq(tracking)).await
}

async fn one(conn: &impl ConnectionTrait, lock: Lock, condition: Expr) -> Result<Option<Stored>, DbErr> {
    let row = lock.on(Entity::find().filter(condition)).one(conn).await?;
    row.map(Stored::try_from).transpose()
}

/// Narrows a list.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only consultations that this agency answers or asked; empty for all.
    pub agency: String,
    /// Only consultations that this unit of the agency answers or asked; empty for all.
    pub unit: String,
    pub kind: Option<Kind>,
    pub state: Option<State>,
    /// Only consultations assigned to this team member.
    pub member: Option<name::Member>,
}

/// A page, the newest first, and the token of the next page. Consultations that an agency or unit answers, and those
/// that it asked, are each read along an index of their own, and only as far as the page needs.
pub async fn consultation_page(
    conn: &impl ConnectionTrait,
    filter: &Filter,
    page: &Page,
) -> Result<(Vec<Stored>, String), DbErr> {
    let (text, values) = page_sql(filter, page);
    let found = Entity::find().from_raw_sql(sql(conn, &text, values));
    let mut rows = found.all(conn).await?;
    let next = page.cut(&mut rows, |row| format!("{}.{}", row.received_at, row.id));
    let rows = rows.into_iter().map(Stored::try_from);
    Ok((rows.collect::<Result<_, _>>()?, next))
}

/// Raw SQL, because a test checks its plan: the query builder cannot express a `UNION` of two limited reads that use
/// partial indexes.
fn page_sql(filter: &Filter, page: &Page) -> (String, Vec<Value>) {
    let mut values: Vec<Value> = vec![i64::try_from(page.limit()).unwrap_or(i64::MAX).into()];
    let mut also = String::new();
    let mut narrow = |condition: &str, value: Value, values: &mut Vec<Value>| {
        values.push(value);
        also.push_str(&format!(" AND {condition} ${}", values.len()));
    };
    if let Some(kind) = filter.kind {
        narrow("kind =", kind.key().into(), &mut values);
    }
    if let Some(state) = filter.state {
        narrow("state =", state.key().into(), &mut values);
    }
    if let Some(member) = &filter.member {
        narrow("agency =", member.agency.clone().into(), &mut values);
        narrow("member =", member.member.clone().into(), &mut values);
    }
    let after = page.after.split_once('.');
    let after = after.and_then(|(at, id)| Some((at.parse::<i64>().ok()?, id.parse::<i64>().ok()?)));
    if let Some((at, id)) = after {
        let n = values.len();
        also.push_str(&format!(" AND (received_at, id) < (${}, ${})", n + 1, n + 2));
        values.extend([at.into(), id.into()]);
    }
    let order = "ORDER BY received_at DESC, id DESC LIMIT $1";
    if filter.agency.is_empty() {
        return (
            format!("SELECT * FROM consultation WHERE TRUE{also} {order}"),
            values,
        );
    }
    values.push(filter.agency.clone().into());
    let agency = values.len();
    let (mut answers, mut asked) = (
        format!("agency = ${agency}"),
        format!("asking_agency = ${agency} AND asking_agency <> ''"),
    );
    if !filter.unit.is_empty() {
        values.push(filter.unit.clone().into());
        let unit = values.len();
        answers.push_str(&format!(" AND unit = ${unit}"));
        asked.push_str(&format!(" AND asking_unit = ${unit}"));
    }
    let side = |name: &str, condition: &str| {
        format!("SELECT id FROM (SELECT id FROM consultation WHERE {condition}{also} {order}) AS {name}")
    };
    let text = format!(
        "SELECT * FROM consultation WHERE id IN ({} UNION {}) {order}",
        side("answers", &answers),
        side("asked", &asked)
    );
    (text, values)
}

/// What the service desk of a unit did with the questions that it received in a period.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, FromQueryResult)]
pub struct Figures {
    pub received: i64,
    /// Of these, completed with an answer.
    pub completed: i64,
    /// The longest time to a first answer, in microseconds of elapsed time; `None` when none was answered.
    pub slowest_first_answer_micros: Option<i64>,
}

impl Figures {
    /// The figures for callers who may not read the questions: counts in full disclosure steps, and no time, because
    /// that is the time of a single answer.
    pub fn disclosed(self, step: i64) -> Self {
        Self {
            received: full_steps(self.received, step),
            completed: full_steps(self.completed, step),
            slowest_first_answer_micros: None,
        }
    }
}

/// Raw SQL, because a test checks its plan.
const FIGURES: &str = "SELECT CAST(COUNT(*) AS BIGINT) AS received,
        CAST(COUNT(CASE WHEN completed_at IS NOT NULL THEN first_answer_at END) AS BIGINT) AS completed,
        MAX(first_answer_at - received_at) AS slowest_first_answer_micros
    FROM consultation
    WHERE agency = $1 AND unit = $2 AND received_at >= $3 AND received_at < $4 AND kind = 'service_desk'";

/// The figures of a unit for questions received from `from_micros` until before `to_micros`.
pub async fn figures(
    conn: &impl ConnectionTrait,
    agency: &str,
    unit: &str,
    from_micros: i64,
    to_micros: i64,
) -> Result<Figures, DbErr> {
    let values = [agency.into(), unit.into(), from_micros.into(), to_micros.into()];
    let found = Figures::find_by_statement(sql(conn, FIGURES, values))
        .one(conn)
        .await?;
    found.ok_or_else(|| DbErr::RecordNotFound("figures".into()))
}

#[cfg(test)]
mod tests;
