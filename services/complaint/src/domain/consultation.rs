//! Consultation (konsultasi): who asks whom, about what, and what may follow what.

use chrono::{DateTime, Utc};

/// Who asks whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Meja layanan: a citizen asks a unit.
    ServiceDesk,
    /// Klinik pelayanan publik: a unit asks the team of an agency.
    Clinic,
}

impl Kind {
    /// Both.
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
    /// Name for people, in Indonesian.
    pub label: &'static str,
}

const fn topic(key: &'static str, label: &'static str) -> Topic {
    Topic { key, label }
}

/// What units ask the clinic: its fields of work.
const CLINIC: [Topic; 6] = [
    topic("service_standard", "Penyusunan standar pelayanan"),
    topic("sop", "Penyusunan SOP"),
    topic("survey", "Pelaksanaan survei kepuasan masyarakat"),
    topic("resource_person", "Permintaan narasumber"),
    topic("data", "Permintaan data"),
    topic("other", "Lainnya"),
];

/// What citizens ask at the desk, after the components of a service standard (UU 25/2009, article 21).
const DESK: [Topic; 6] = [
    topic("requirement", "Persyaratan"),
    topic("procedure", "Prosedur"),
    topic("fee", "Biaya/tarif"),
    topic("status", "Status permohonan"),
    topic("facility", "Sarana dan prasarana"),
    topic("other", "Lainnya"),
];

/// Topics of a kind, as shown; of both for `None`.
pub fn topics(kind: Option<Kind>) -> impl Iterator<Item = &'static Topic> {
    let clinic = CLINIC.iter().filter(move |_| kind != Some(Kind::ServiceDesk));
    // `other` stands in both.
    let desk = DESK.iter().filter(move |topic| match kind {
        Some(kind) => kind == Kind::ServiceDesk,
        None => topic.key != "other",
    });
    clinic.chain(desk)
}

/// How far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Diterima.
    Requested,
    /// Dijadwalkan: with a member of the team.
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

/// How both meet.
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

/// A meeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appointment {
    /// When.
    pub at: DateTime<Utc>,
    /// How.
    pub mode: Mode,
}

/// What is done with a consultation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Give it to a member.
    Schedule,
    /// Answer.
    Answer,
    /// End it.
    Complete,
    /// Rate it.
    Rate,
}

impl Act {
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

/// Why something can't be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Not in this state.
    IllegalTransition {
        /// The state.
        state: State,
        /// What was to be done.
        act: Act,
    },
    /// The appointment is not in the future.
    AppointmentPast,
    /// It ends without an answer and without a reason.
    ReasonRequired,
    /// It was rated before.
    AlreadyRated,
    /// A rating is 1 to 5.
    StarsOutOfRange,
}

/// The path of one question, without anything that somebody wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Course {
    /// State.
    pub state: State,
    /// Id of the member in charge; empty until there is one.
    pub member: String,
    /// Meeting.
    pub appointment: Option<Appointment>,
    /// When it was asked.
    pub received_at: DateTime<Utc>,
    /// First answer.
    pub first_answer_at: Option<DateTime<Utc>>,
    /// End.
    pub completed_at: Option<DateTime<Utc>>,
    /// 1 to 5; 0 until rated.
    pub rating: i32,
}

impl Course {
    /// It begins.
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

    fn going_on(&self, act: Act) -> Result<(), Refusal> {
        match self.state {
            State::Requested | State::Scheduled | State::Answered => Ok(()),
            State::Completed => Err(Refusal::IllegalTransition {
                state: self.state,
                act,
            }),
        }
    }

    /// Gives it to a member; the appointment takes the place of the one before. After an answer it stays answered.
    pub fn schedule(
        &mut self,
        member: &str,
        appointment: Option<Appointment>,
        now: DateTime<Utc>,
    ) -> Result<(), Refusal> {
        self.going_on(Act::Schedule)?;
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

    /// An answer; there may be any number.
    pub fn answer(&mut self, now: DateTime<Utc>) -> Result<(), Refusal> {
        self.going_on(Act::Answer)?;
        self.first_answer_at.get_or_insert(now);
        self.state = State::Answered;
        Ok(())
    }

    /// Ends it; without an answer there has to be a reason.
    pub fn complete(&mut self, with_reason: bool, now: DateTime<Utc>) -> Result<(), Refusal> {
        self.going_on(Act::Complete)?;
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
                act: Act::Rate,
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

/// Words of a question that say nothing about its matter.
const COMMON: [&str; 38] = [
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

/// Words that entries near a question are looked up by, at most.
const WORDS: usize = 8;

/// Of the words of a question (in lower case) those that tell most: each once, of four letters at least, the longest
/// first.
pub fn telling(words: Vec<String>) -> Vec<String> {
    let mut words: Vec<String> = words
        .into_iter()
        .filter(|word| word.chars().count() >= 4 && !COMMON.contains(&word.as_str()))
        .collect();
    words.sort_by_key(|word| (std::cmp::Reverse(word.chars().count()), word.clone()));
    words.dedup();
    words.truncate(WORDS);
    words
}

#[cfg(test)]
mod tests;
