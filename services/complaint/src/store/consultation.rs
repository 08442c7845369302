//! Consultations. What people wrote is sealed; the columns are what is searched by.

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::{from_micros, micros},
    db::{Txn, sql},
    disclosure::full_steps,
    failure::Failure,
    page::Page,
    vault::{Keyring, Sealed},
};
use prima_proto::name;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Value};

use super::{
    Lock, broken, next_version,
    sealed::{Identity, Matter, Secrets, open, seal},
};
use crate::domain::{
    case::Channel,
    consultation::{Appointment, Course, Kind, Mode, State},
};

#[derive(Debug, FromQueryResult)]
struct Row {
    id: i64,
    uid: String,
    kind: String,
    agency: String,
    unit: String,
    asking_agency: String,
    asking_unit: String,
    topic: String,
    channel: String,
    state: String,
    member: String,
    received_at: i64,
    first_answer_at: Option<i64>,
    completed_at: Option<i64>,
    appointment_at: Option<i64>,
    appointment_mode: String,
    rating: i64,
    secrets: Option<Vec<u8>>,
    identity: Option<Vec<u8>>,
    content: Option<Vec<u8>>,
    sealed_key: String,
    erase_at: Option<i64>,
    version: i64,
    updated_at: i64,
}

const COLUMNS: &str = "id, uid, kind, agency, unit, asking_agency, asking_unit, topic, channel, state, member,
    received_at, first_answer_at, completed_at, appointment_at, appointment_mode, rating, secrets, identity, content,
    sealed_key, erase_at, version, updated_at";

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
        let sealed = self.matter.as_deref();
        sealed
            .map(|bytes| open(vault, &self.sealed_key, bytes))
            .transpose()
    }

    /// What a citizen shows; `None` for the clinic.
    pub fn secrets(&self, vault: &Keyring) -> Result<Option<Secrets>, Failure> {
        let sealed = self.secrets.as_deref();
        sealed
            .map(|bytes| open(vault, &self.sealed_key, bytes))
            .transpose()
    }

    /// Puts `matter` in the place of what stood there. One key seals the whole row, so all of it is sealed anew.
    pub fn rewrite(&mut self, vault: &Keyring, matter: &Matter) -> Result<(), Failure> {
        let secrets = self.secrets(vault)?;
        let identity: Option<Identity> = self
            .identity
            .as_deref()
            .map(|bytes| open(vault, &self.sealed_key, bytes))
            .transpose()?;
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

impl TryFrom<Row> for Stored {
    type Error = DbErr;

    fn try_from(row: Row) -> Result<Self, DbErr> {
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
pub async fn consultation_insert(
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
    let values = [
        new.name.consultation.into(),
        tracking.into(),
        head.kind.key().into(),
        head.agency.into(),
        head.unit.into(),
        asking_agency.into(),
        asking_unit.into(),
        head.topic.into(),
        head.channel.key().into(),
        course.state.key().into(),
        micros(now).into(),
        parts.secrets.into(),
        parts.identity.into(),
        parts.matter.into(),
        parts.key.into(),
        now.timestamp_millis().into(),
    ];
    let text = "INSERT INTO consultation (uid, tracking, kind, agency, unit, asking_agency, asking_unit, topic, channel,
            state, member, received_at, appointment_mode, secrets, identity, content, sealed_key, version, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, '', $11, '', $12, $13, $14, $15, $16, $11)
        RETURNING id";
    let row = txn.query_one_raw(sql(txn, text, values)).await?;
    let row = row.ok_or_else(|| Failure::internal("INSERT returned no row"))?;
    Ok(row.try_get("", "id")?)
}

/// Saves the path and what is sealed, and takes the next version.
pub async fn consultation_save(txn: &Txn, stored: &mut Stored, now: DateTime<Utc>) -> Result<(), DbErr> {
    let course = &stored.course;
    let mode = course.appointment.map(|a| a.mode.key()).unwrap_or_default();
    let values = [
        stored.id.into(),
        course.state.key().into(),
        course.member.clone().into(),
        course.first_answer_at.map(micros).into(),
        course.completed_at.map(micros).into(),
        course.appointment.map(|a| micros(a.at)).into(),
        mode.into(),
        i64::from(course.rating).into(),
        stored.secrets.clone().into(),
        stored.identity.clone().into(),
        stored.matter.clone().into(),
        stored.sealed_key.clone().into(),
        stored.erase_at.map(micros).into(),
        micros(now).into(),
        now.timestamp_millis().into(),
    ];
    let text = format!(
        "UPDATE consultation SET state = $2, member = $3, first_answer_at = $4, completed_at = $5, appointment_at = $6,
            appointment_mode = $7, rating = $8, secrets = $9, identity = $10, content = $11, sealed_key = $12,
            erase_at = $13, updated_at = $14, version = {}
         WHERE id = $1 RETURNING version",
        next_version("consultation", 15)
    );
    let row = txn.query_one_raw(sql(txn, &text, values)).await?;
    let row = row.ok_or_else(|| DbErr::RecordNotUpdated)?;
    stored.version = row.try_get("", "version")?;
    stored.updated_at = micros(now);
    Ok(())
}

/// A consultation by its name, locked in the way asked for.
pub async fn consultation_get(
    conn: &impl ConnectionTrait,
    name: &name::Consultation,
    lock: Lock,
) -> Result<Option<Stored>, DbErr> {
    one(conn, "uid", name.consultation.clone().into(), lock).await
}

/// A consultation by the digest of its tracking code, locked in the way asked for.
pub async fn consultation_by_tracking(
    conn: &impl ConnectionTrait,
    tracking: &[u8],
    lock: Lock,
) -> Result<Option<Stored>, DbErr> {
    one(conn, "tracking", tracking.to_vec().into(), lock).await
}

async fn one(
    conn: &impl ConnectionTrait,
    column: &str,
    value: Value,
    lock: Lock,
) -> Result<Option<Stored>, DbErr> {
    let text = format!(
        "SELECT {COLUMNS} FROM consultation WHERE {column} = $1{}",
        lock.sql(conn)
    );
    let row = Row::find_by_statement(sql(conn, &text, [value]))
        .one(conn)
        .await?;
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
    let rows = Row::find_by_statement(sql(conn, &text, values)).all(conn).await?;
    let mut rows = rows
        .into_iter()
        .map(Stored::try_from)
        .collect::<Result<Vec<_>, _>>()?;
    let next = page.cut(&mut rows, |r| {
        format!("{}.{}", micros(r.course.received_at), r.id)
    });
    Ok((rows, next))
}

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
            format!("SELECT {COLUMNS} FROM consultation WHERE TRUE{also} {order}"),
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
        "SELECT {COLUMNS} FROM consultation WHERE id IN ({} UNION {}) {order}",
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
