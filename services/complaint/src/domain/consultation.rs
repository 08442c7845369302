//! Consultation (konsultasi): its kinds and topics, and the order of its steps.

use chrono::{DateTime, Utc};

/// The kind of consultation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Meja layanan: a citizen asks a unit.
    ServiceDesk,
    /// Klinik pelayanan publik: a unit asks the team of an agency.
    Clinic,
}

impl Kind {
    /// Both kinds.
    pub const ALL: [Self; 2] = [Self::ServiceDesk, Self::Clinic];

    /// Stable key.
    pub fn key(self) -> &'static str {
        match self {
            Self::ServiceDesk => "service_desk",
            Self::Clinic => "clinic",
        }
    }

    /// The kind with this key.
    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.key() == key)
    }
}

/// What a consultation is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Topic {
    /// Stable key.
    pub key: &'static str,
    /// Indonesian label.
    pub label: &'static str,
}

const fn topic(key: &'static str, label: &'static str) -> Topic {
    Topic { key, label }
}

/// Topics of the clinic, which are its fields of work.
const CLINIC: [Topic; 6] = [
    topic("service_standard", "Penyusunan standar pelayanan"),
    topic("sop", "Penyusunan SOP"),
    topic("survey", "Pelaksanaan survei kepuasan masyarakat"),
    topic("resource_person", "Permintaan narasumber"),
    topic("data", "Permintaan data"),
    topic("other", "Lainnya"),
];

/// Topics of the service desk, after the components of a service standard (UU 25/2009, article 21).
const DESK: [Topic; 6] = [
    topic("requirement", "Persyaratan"),
    topic("procedure", "Prosedur"),
    topic("fee", "Biaya/tarif"),
    topic("status", "Status permohonan"),
    topic("facility", "Sarana dan prasarana"),
    topic("other", "Lainnya"),
];

/// The topics of a kind in display order; those of both kinds for `None`.
pub fn topics(kind: Option<Kind>) -> impl Iterator<Item = &'static Topic> {
    let clinic = CLINIC.iter().filter(move |_| kind != Some(Kind::ServiceDesk));
    // `other` is a topic of both kinds.
    let desk = DESK.iter().filter(move |topic| match kind {
        Some(kind) => kind == Kind::ServiceDesk,
        None => topic.key != "other",
    });
    clinic.chain(desk)
}

/// The state of a consultation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Diterima.
    Requested,
    /// Dijadwalkan: assigned to a member of the team.
    Scheduled,
    /// Dijawab.
    Answered,
    /// Selesai.
    Completed,
}

impl State {
    /// All states.
    pub const ALL: [Self; 4] = [Self::Requested, Self::Scheduled, Self::Answered, Self::Completed];

    /// Stable key.
    pub fn key(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Scheduled => "scheduled",
            Self::Answered => "answered",
            Self::Completed => "completed",
        }
    }

    /// The state with this key.
    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.key() == key)
    }
}

/// The mode of an appointment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Tatap muka.
    FaceToFace,
    /// Daring.
    Online,
    /// Telepon.
    Phone,
}

impl Mode {
    /// All modes.
    pub const ALL: [Self; 3] = [Self::FaceToFace, Self::Online, Self::Phone];

    /// Stable key.
    pub fn key(self) -> &'static str {
        match self {
            Self::FaceToFace => "face_to_face",
            Self::Online => "online",
            Self::Phone => "phone",
        }
    }

    /// The mode with this key.
    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.key() == key)
    }
}

/// An appointment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appointment {
    /// Its time.
    pub at: DateTime<Utc>,
    /// Its mode.
    pub mode: Mode,
}

/// An operation on a consultation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Assign it to a team member.
    Schedule,
    /// Answer it.
    Answer,
    /// Complete it.
    Complete,
    /// Rate it.
    Rate,
}

impl Operation {
    /// Stable key.
    pub fn key(self) -> &'static str {
        match self {
            Self::Schedule => "schedule",
            Self::Answer => "answer",
            Self::Complete => "complete",
            Self::Rate => "rate",
        }
    }
}

/// Why an operation is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The state does not allow it.
    IllegalTransition {
        /// The state.
        state: State,
        /// The operation that was refused.
        operation: Operation,
    },
    /// The appointment is not in the future.
    AppointmentPast,
    /// A consultation that was not answered can be completed only with a reason.
    ReasonRequired,
    /// It was rated already.
    AlreadyRated,
    /// A rating must be 1 to 5.
    StarsOutOfRange,
}

/// The progress of one consultation, without any text that somebody wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// State.
    pub state: State,
    /// Id of the team member in charge; empty before it is assigned.
    pub member: String,
    /// The latest appointment.
    pub appointment: Option<Appointment>,
    /// When the question was received.
    pub received_at: DateTime<Utc>,
    /// When it was first answered.
    pub first_answer_at: Option<DateTime<Utc>>,
    /// When it was completed.
    pub completed_at: Option<DateTime<Utc>>,
    /// 1 to 5 stars; 0 before it is rated.
    pub rating: i32,
}

impl Progress {
    /// The progress of a question that was just received.
    pub fn receive(now: DateTime<Utc>) -> Self {
        Self {
            state: State::Requested,
            member: String::new(),
            appointment: None,
            received_at: now,
            first_answer_at: None,
            completed_at: None,
            rating: 0,
        }
    }

    fn require_open(&self, operation: Operation) -> Result<(), Refusal> {
        match self.state {
            State::Requested | State::Scheduled | State::Answered => Ok(()),
            State::Completed => Err(Refusal::IllegalTransition {
                state: self.state,
                operation,
            }),
        }
    }

    /// Assigns it to a team member and replaces the appointment. An answered consultation stays answered.
    pub fn schedule(
        &mut self,
        member: &str,
        appointment: Option<Appointment>,
        now: DateTime<Utc>,
    ) -> Result<(), Refusal> {
        self.require_open(Operation::Schedule)?;
        if appointment.is_some_and(|a| a.at <= now) {
            return Err(Refusal::AppointmentPast);
        }
        member.clone_into(&mut self.member);
        self.appointment = appointment;
        if self.state == State::Requested {
            self.state = State::Scheduled;
        }
        Ok(())
    }

    /// Records an answer; any number is allowed.
    pub fn answer(&mut self, now: DateTime<Utc>) -> Result<(), Refusal> {
        self.require_open(Operation::Answer)?;
        self.first_answer_at.get_or_insert(now);
        self.state = State::Answered;
        Ok(())
    }

    /// Completes it; a reason is required when there is no answer.
    pub fn complete(&mut self, with_reason: bool, now: DateTime<Utc>) -> Result<(), Refusal> {
        self.require_open(Operation::Complete)?;
        if self.first_answer_at.is_none() && !with_reason {
            return Err(Refusal::ReasonRequired);
        }
        self.completed_at = Some(now);
        self.state = State::Completed;
        Ok(())
    }

    /// Rates it, once.
    pub fn rate(&mut self, stars: i32) -> Result<(), Refusal> {
        if self.state != State::Completed {
            return Err(Refusal::IllegalTransition {
                state: self.state,
                operation: Operation::Rate,
            });
        }
        if !(1..=5).contains(&stars) {
            return Err(Refusal::StarsOutOfRange);
        }
        if self.rating != 0 {
            return Err(Refusal::AlreadyRated);
        }
        self.rating = stars;
        Ok(())
    }
}

/// Stop words: frequent words that do not help to find similar questions.
const STOP_WORDS: [&str; 38] = [
    "adalah",
    "agar",
    "akan",
    "anda",
    "apabila",
    "apakah",
    "atas",
    "atau",
    "bagaimana",
    "bahwa",
    "bapak",
    "berapa",
    "bisa",
    "cara",
    "dalam",
    "dapat",
    "dari",
    "dengan",
    "harus",
    "ingin",
    "jika",
    "juga",
    "kami",
    "kapan",
    "karena",
    "kepada",
    "mengapa",
    "mohon",
    "oleh",
    "pada",
    "saja",
    "saya",
    "sudah",
    "tentang",
    "tidak",
    "untuk",
    "yang",
    "mana",
];

/// How many keywords a search for similar questions uses at most.
const KEYWORDS_MAX: usize = 8;

/// The keywords of a question, whose words are given in lower case: without duplicates, stop words and words of fewer
/// than four letters, the longest first.
pub fn keywords(words: Vec<String>) -> Vec<String> {
    let mut words: Vec<String> = words
        .into_iter()
        .filter(|word| word.chars().count() >= 4 && !STOP_WORDS.contains(&word.as_str()))
        .collect();
    words.sort_by_key(|word| (std::cmp::Reverse(word.chars().count()), word.clone()));
    words.dedup();
    words.truncate(KEYWORDS_MAX);
    words
}

#[cfg(test)]
mod tests;
