//! Consultations. What people wrote is sealed; the columns are what is searched by.

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::{from_micros, micros},
    db::{Txn, broken, sql},
    disclosure::full_steps,
    failure::Failure,
    page::Page,
    vault::{Keyring, Sealed},
};
use prima_proto::name;
use sea_orm::{FromQueryResult, Set, entity::prelude::*};

use super::{
    Lock, next_version,
    sealed::{Identity, Matter, Secrets, open_held, seal},
};
use crate::domain::{
    case::Channel,
    consultation::{Appointment, Course, Kind, Mode, State},
};

/// A row of the table `consultation`.
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

/// No relations are used.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(super) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Who asks whom about what; never changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Kind.
    pub kind: Kind,
    /// The agency that answers.
    pub agency: String,
    /// The unit that answers; empty for the clinic.
    pub unit: String,
    /// The unit that asks, for the clinic.
    pub asking: Option<name::Unit>,
    /// Key of the topic.
    pub topic: String,
    /// How it came.
    pub channel: Channel,
}

/// A consultation as stored, its answers left out.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Key in the database.
    pub id: i64,
    /// Resource name.
    pub name: name::Consultation,
    /// Who asks whom about what.
    pub head: Head,
    /// Its path so far.
    pub course: Course,
    /// When its erasure is due.
    pub erase_at: Option<DateTime<Utc>>,
    /// Version of its last change.
    pub version: i64,
    /// Last change, unix microseconds.
    pub updated_at: i64,
    secrets: Option<Vec<u8>>,
    identity: Option<Vec<u8>>,
    matter: Option<Vec<u8>>,
    sealed_key: String,
}

impl Stored {
    /// What was written beside the answers; `None` once erased.
    pub fn matter(&self, vault: &Keyring) -> Result<Option<Matter>, Failure> {
        open_held(vault, &self.sealed_key, self.matter.as_deref())
    }

    /// What a citizen shows; `None` for the clinic.
    pub fn secrets(&self, vault: &Keyring) -> Result<Option<Secrets>, Failure> {
        open_held(vault, &self.sealed_key, self.secrets.as_deref())
    }

    /// Puts `matter` in the place of what stood there. One key seals the whole row, so all of it is sealed anew.
    pub fn rewrite(&mut self, vault: &Keyring, matter: &Matter) -> Result<(), Failure> {
        let secrets = self.secrets(vault)?;
        let identity: Option<Identity> = open_held(vault, &self.sealed_key, self.identity.as_deref())?;
        let parts = Parts::seal(vault, secrets.as_ref(), identity.as_ref(), matter)?;
        self.secrets = parts.secrets;
        self.identity = parts.identity;
        self.matter = Some(parts.matter);
        self.sealed_key = parts.key;
        Ok(())
    }
}

struct Parts {
    secrets: Option<Vec<u8>>,
    identity: Option<Vec<u8>>,
    matter: Vec<u8>,
    key: String,
}

impl Parts {
    fn seal(
        vault: &Keyring,
        secrets: Option<&Secrets>,
        identity: Option<&Identity>,
        matter: &Matter,
    ) -> Result<Self, Failure> {
        let Sealed { key, bytes } = seal(vault, matter)?;
        Ok(Self {
            secrets: secrets.map(|s| seal(vault, s)).transpose()?.map(|s| s.bytes),
            identity: identity.map(|i| seal(vault, i)).transpose()?.map(|s| s.bytes),
            matter: bytes,
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
        let course = Course {
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
            course,
            erase_at: row.erase_at.map(from_micros),
            version: row.version,
            updated_at: row.updated_at,
            secrets: row.secrets,
            identity: row.identity,
            matter: row.content,
            sealed_key: row.sealed_key,
        })
    }
}

/// A consultation that is new.
#[derive(Debug)]
pub struct New {
    /// Resource name.
    pub name: name::Consultation,
    /// Who asks whom about what.
    pub head: Head,
    /// Digest of the tracking code and what the citizen shows, for the service desk.
    pub secrets: Option<(Vec<u8>, Secrets)>,
    /// The citizen, if known.
    pub identity: Option<Identity>,
    /// The question.
    pub matter: Matter,
}

/// Stores a new consultation; returns its key.
pub async fn consultation_insert_in_txn(
    txn: &Txn,
    vault: &Keyring,
    new: New,
    now: DateTime<Utc>,
) -> Result<i64, Failure> {
    let (tracking, secrets) = new.secrets.unzip();
    let parts = Parts::seal(vault, secrets.as_ref(), new.identity.as_ref(), &new.matter)?;
    let course = Course::receive(now);
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
        content: Set(Some(parts.matter)),
        sealed_key: Set(parts.key),
        version: Set(now.timestamp_millis()),
        ..changing(&course, now)
    };
    Ok(Entity::insert(row).exec(txn).await?.last_insert_id)
}

/// The columns that change with the path, the version aside.
fn changing(course: &Course, now: DateTime<Utc>) -> ActiveModel {
    let mode = course.appointment.map(|a| a.mode.key()).unwrap_or_default();
    ActiveModel {
        state: Set(course.state.key().to_owned()),
        member: Set(course.member.clone()),
        first_answer_at: Set(course.first_answer_at.map(micros)),
        completed_at: Set(course.completed_at.map(micros)),
        appointment_at: Set(course.appointment.map(|a| micros(a.at))),
        appointment_mode: Set(mode.to_owned()),
        rating: Set(course.rating.into()),
        updated_at: Set(micros(now)),
        ..Default::default()
    }
}

/// Saves the path and what is sealed, and takes the next version.
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
        content: Set(stored.matter.clone()),
        sealed_key: Set(stored.sealed_key.clone()),
        erase_at: Set(stored.erase_at.map(micros)),
        version: Set(stored.version),
        ..changing(&stored.course, now)
    };
    row.update(txn).await.map(drop)
}

/// A consultation by its name, locked in the way asked for.
pub async fn consultation_get(
    conn: &impl ConnectionTrait,
    name: &name::Consultation,
    lock: Lock,
) -> Result<Option<Stored>, DbErr> {
    one(conn, lock, Column::Uid.eq(name.consultation.as_str())).await
}

/// A consultation by the digest of its tracking code, locked in the way asked for.
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

/// What a list is narrowed to.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only those that this agency answers or asked; empty for all.
    pub agency: String,
    /// Only those that this unit of it answers or asked; empty for all.
    pub unit: String,
    /// Only this kind.
    pub kind: Option<Kind>,
    /// Only this state.
    pub state: Option<State>,
    /// Only those of this member.
    pub member: Option<name::Member>,
}

/// The newest first, and the token of the next page. Each side of a list, those that an agency or unit answers and
/// those that it asked, goes along an index of its own, and no further than the page needs.
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

/// By hand, because its plan is measured: the builder has no `UNION` of two limited reads that use partial indexes.
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

/// What the service desk of a unit did with the questions that came in a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromQueryResult)]
pub struct Figures {
    /// Received.
    pub received: i64,
    /// Of these, completed with an answer.
    pub completed: i64,
    /// Slowest first answer to one of them, microseconds of the clock on the wall; `None` when none was answered.
    pub slowest_first_answer_micros: Option<i64>,
}

impl Figures {
    /// What of these is told to whoever may not read the questions: full steps, and no time that is that of one answer.
    pub fn disclosed(self, step: i64) -> Self {
        Self {
            received: full_steps(self.received, step),
            completed: full_steps(self.completed, step),
            slowest_first_answer_micros: None,
        }
    }
}

/// By hand, because it counts over a case, and its plan is measured.
const FIGURES: &str = "SELECT CAST(COUNT(*) AS BIGINT) AS received,
        CAST(COUNT(CASE WHEN completed_at IS NOT NULL THEN first_answer_at END) AS BIGINT) AS completed,
        MAX(first_answer_at - received_at) AS slowest_first_answer_micros
    FROM consultation
    WHERE agency = $1 AND unit = $2 AND received_at >= $3 AND received_at < $4 AND kind = 'service_desk'";

/// The figures of a unit, for questions received from `from_micros` until before `to_micros`.
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
