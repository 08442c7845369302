//! Segments of the snapshot: states one after the other, ordered by subject, each subject without what it shares with the one
//! before. Scores are without the fields that tables do not keep.

use prima_platform::id::Ids;
use prost::{
    DecodeError,
    encoding::{decode_varint, encode_varint},
};

use super::tables::{self, Reading};
use crate::{
    events,
    store::{Segment, StoredState},
};

/// The form of segments, in their first byte. One with another form is not read.
const FORM: u8 = 1;
/// States of a segment, about a megabyte.
const STATES: usize = 8192;

/// Why a segment can't be read.
#[derive(Debug, thiserror::Error)]
pub enum BadSegment {
    #[error("a segment of the snapshot has another form")]
    Form,
    #[error("a segment of the snapshot is cut or changed")]
    Content,
    #[error("a segment of the snapshot: {0}")]
    Number(#[from] DecodeError),
}

/// Segments with these states. Those of an agency or unit follow each other, so that whoever reads them finds it in the cache.
pub fn segments(states: &[StoredState], ids: &Ids) -> Vec<Segment> {
    let mut states: Vec<&StoredState> = states.iter().collect();
    states.sort_unstable_by(|a, b| {
        owner(&a.subject)
            .cmp(owner(&b.subject))
            .then(a.subject.cmp(&b.subject))
    });
    let segment = |states: &[&StoredState]| Segment {
        id: ids.next().to_string(),
        states: i64::try_from(states.len()).unwrap_or(i64::MAX),
        body: encode(states),
    };
    states.chunks(STATES).map(segment).collect()
}

/// What a bus subject says after the service and, of a score, metric and period: the kind and ids of an agency or unit.
fn owner(subject: &str) -> &str {
    let mut parts = subject.splitn(3, '.').skip(2);
    let rest = parts.next().unwrap_or_default();
    match rest.strip_prefix("score.") {
        Some(score) => score.splitn(3, '.').nth(2).unwrap_or_default(),
        None => rest,
    }
}

fn encode(states: &[&StoredState]) -> Vec<u8> {
    let mut body = vec![FORM];
    let mut payload = Vec::new();
    let mut before = "";
    for state in states {
        let subject = state.subject.as_str();
        let shared = shared(before, subject);
        let own = subject.get(shared..).unwrap_or_default();
        encode_varint(shared as u64, &mut body);
        encode_varint(own.len() as u64, &mut body);
        body.extend_from_slice(own.as_bytes());
        encode_varint(state.version.cast_unsigned(), &mut body);
        encode_varint(u64::from(state.withdrawn != 0), &mut body);
        encode_varint(state.applied_at.cast_unsigned(), &mut body);
        payload.clear();
        events::shorten(subject, &state.payload, &mut payload);
        encode_varint(payload.len() as u64, &mut body);
        body.extend_from_slice(&payload);
        before = subject;
    }
    body
}

/// How many bytes two texts have in common at their beginning, without a part of a character.
fn shared(a: &str, b: &str) -> usize {
    let same = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    b.floor_char_boundary(same)
}

/// A segment that is being read.
struct States<'a> {
    rest: &'a [u8],
    subject: String,
}

impl<'a> States<'a> {
    fn new(body: &'a [u8]) -> Result<Self, BadSegment> {
        match body.split_first() {
            Some((&FORM, rest)) => Ok(Self {
                rest,
                subject: String::new(),
            }),
            _ => Err(BadSegment::Form),
        }
    }

    /// The next state without its payload, and its payload; `None` at the end.
    fn next(&mut self) -> Result<Option<(StoredState, &'a [u8])>, BadSegment> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let rest = &mut self.rest;
        let shared = length(rest)?;
        if !self.subject.is_char_boundary(shared) {
            return Err(BadSegment::Content);
        }
        self.subject.truncate(shared);
        let own = std::str::from_utf8(bytes(rest)?).map_err(|_| BadSegment::Content)?;
        self.subject.push_str(own);
        let mut number = || decode_varint(rest).map(u64::cast_signed);
        let state = StoredState {
            subject: self.subject.clone(),
            version: number()?,
            withdrawn: number()?,
            applied_at: number()?,
            payload: Vec::new(),
        };
        Ok(Some((state, bytes(rest)?)))
    }
}

/// The states of a segment.
pub fn decode(body: &[u8]) -> Result<Vec<StoredState>, BadSegment> {
    let mut states = States::new(body)?;
    let mut all = Vec::new();
    while let Some((state, payload)) = states.next()? {
        let payload = payload.to_vec();
        all.push(StoredState { payload, ..state });
    }
    Ok(all)
}

/// The states of a segment without payload, each with what it contains.
pub fn read(body: &[u8]) -> Result<Vec<(StoredState, Reading)>, BadSegment> {
    let mut states = States::new(body)?;
    let mut all = Vec::with_capacity(STATES);
    while let Some((state, payload)) = states.next()? {
        let reading = tables::read(&state.subject, state.withdrawn != 0, payload);
        all.push((state, reading));
    }
    Ok(all)
}

fn length(rest: &mut &[u8]) -> Result<usize, BadSegment> {
    usize::try_from(decode_varint(rest)?).map_err(|_| BadSegment::Content)
}

/// Bytes after their number.
fn bytes<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], BadSegment> {
    let length = length(rest)?;
    let (bytes, later) = rest.split_at_checked(length).ok_or(BadSegment::Content)?;
    *rest = later;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use prima_proto::event::v1::{ScoreComponent, ScoreState};
    use proptest::prelude::*;
    use prost::Message;

    use super::*;
    use crate::events::Fact;

    fn state(subject: String, version: i64, payload: Vec<u8>) -> StoredState {
        StoredState {
            subject,
            version,
            withdrawn: version % 2,
            payload,
            applied_at: -version,
        }
    }

    proptest! {
        #[test]
        fn states_are_given_back_as_they_came(
            states in prop::collection::vec(("[a-cé.]{0,6}", any::<i64>(), prop::collection::vec(any::<u8>(), 0..9)), 0..40),
            cut in any::<prop::sample::Index>(),
        ) {
            let states = states.into_iter().map(|(subject, version, payload)| state(subject, version.abs() >> 1, payload));
            let states: Vec<StoredState> = states.collect();
            let body = encode(&states.iter().collect::<Vec<_>>());
            prop_assert_eq!(decode(&body).unwrap(), states);
            // No part of a segment is read as more than it is, and none makes a replica fail.
            let part = body.get(..cut.index(body.len())).unwrap();
            if let Ok(read) = decode(part) {
                prop_assert_eq!(encode(&read.iter().collect::<Vec<_>>()), part);
            }
        }
    }

    #[test]
    fn a_score_is_read_from_a_segment_as_from_its_payload() {
        let published = ScoreState {
            metric: "skm".into(),
            value: "91.40".into(),
            components: vec![ScoreComponent::default(); 9],
            sample_size: 7,
            standard_error: "0.5".into(),
            ..ScoreState::default()
        };
        let subject = "prima.survey.score.skm.2026.unit.32.a".to_owned();
        let states = [
            state(subject.clone(), 2, published.encode_to_vec()),
            state("prima.survey.score.skm.2026.unit.32.b".to_owned(), 4, vec![0xff]),
        ];
        let read = read(&encode(&states.each_ref())).unwrap();
        let [(first, Ok(Some(Fact::Score(_, score)))), (_, Err(_))] = read.as_slice() else {
            panic!("{read:?}");
        };
        assert_eq!((&first.subject, first.version), (&subject, 2));
        let whole = tables::read(&subject, false, &published.encode_to_vec());
        let Ok(Some(Fact::Score(_, expected))) = whole else {
            panic!("{whole:?}");
        };
        assert_eq!(*score, expected);
    }

    #[test]
    fn the_states_of_a_unit_follow_each_other() {
        let subjects = [
            "prima.directory.unit.32.a",
            "prima.directory.unit.32.b",
            "prima.index.score.ipp.2026.unit.32.a",
            "prima.survey.score.skm.2026.unit.32.a",
        ];
        let states = subjects.map(|subject| state(subject.to_owned(), 2, Vec::new()));
        let segments = segments(&states, &Ids::random());
        let [segment] = segments.as_slice() else {
            panic!("{segments:?}");
        };
        let read = decode(&segment.body).unwrap();
        let read: Vec<_> = read.iter().map(|state| state.subject.as_str()).collect();
        assert_eq!(read, [subjects[0], subjects[2], subjects[3], subjects[1]]);
    }

    #[test]
    fn a_segment_of_another_form_is_not_read() {
        assert!(matches!(decode(&[]), Err(BadSegment::Form)));
        assert!(matches!(decode(&[FORM + 1, 0]), Err(BadSegment::Form)));
    }
}
