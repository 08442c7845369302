//! What a survey is changed by, and the rules of its release.

/// Separates the parts of an entry; no part contains it.
pub(super) const PART: char = ';';
/// Separates the device and the source.
const SOURCE: char = '@';

/// Who can send a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sender {
    /// Someone who can send one response: the holder of a token, a visitor at a kiosk, a respondent of an agent.
    Own,
    /// Anyone who has the open link, any number of times.
    Link,
}

/// What changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// A response is added.
    Add,
    /// A response that was released is voided.
    Void,
}

/// A change of one person's response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Who sent it; the operator who voids is [`Sender::Own`].
    pub sender: Sender,
    /// What changes.
    pub change: Change,
    /// Id of the response.
    pub id: String,
    /// Its answers as stored.
    pub answers: String,
    /// When it was accepted or voided, unix milliseconds.
    pub at: i64,
    /// The first digits of the digest of the device's identifier, in hex; empty when the device is not known.
    pub device: String,
    /// Of a response through the open link, the pseudonym of the network that it came from, in hex; empty when that is not
    /// known.
    pub source: String,
}

impl Entry {
    /// The text that is stored; it begins with the answers.
    pub fn text(&self) -> String {
        let kind = match (self.change, self.sender) {
            (Change::Add, Sender::Own) => "o",
            (Change::Add, Sender::Link) => "l",
            (Change::Void, _) => "v",
        };
        let Self {
            answers, at, device, ..
        } = self;
        let (source, id) = (&self.source, &self.id);
        if source.is_empty() {
            return format!("{answers}{PART}{kind}{PART}{at}{PART}{device}{PART}{id}");
        }
        format!("{answers}{PART}{kind}{PART}{at}{PART}{device}{SOURCE}{source}{PART}{id}")
    }

    /// Parses a text of [`Self::text`].
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(5, PART);
        let answers = parts.next()?;
        let (change, sender) = match parts.next()? {
            "o" => (Change::Add, Sender::Own),
            "l" => (Change::Add, Sender::Link),
            "v" => (Change::Void, Sender::Own),
            _ => return None,
        };
        let (at, device, id) = (parts.next()?, parts.next()?, parts.next()?);
        let (device, source) = device.split_once(SOURCE).unwrap_or((device, ""));
        Some(Self {
            sender,
            change,
            id: id.to_owned(),
            answers: answers.to_owned(),
            at: at.parse().ok()?,
            device: device.to_owned(),
            source: source.to_owned(),
        })
    }
}

/// How figures are released.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Changes by which the figures of an open survey move; each is of another person. 1 releases everything at once.
    pub step: usize,
    /// The same for responses through the open link, of which one sender can give many. Such a step has responses of `step`
    /// sources as well.
    pub link_step: usize,
    /// Least number of people that a figure shows, and that move a figure of a closed survey.
    pub minimum: i64,
    /// Day of the month, 1 to 28, on which the figures of closed surveys move however few have gathered.
    pub correction_day: u32,
}
