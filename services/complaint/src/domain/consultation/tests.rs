use std::collections::BTreeSet;

use chrono::TimeDelta;

use super::*;

fn begin() -> DateTime<Utc> {
    "2026-03-02T02:00:00Z".parse().unwrap()
}

fn illegal(state: State, operation: Operation) -> Result<(), Refusal> {
    Err(Refusal::IllegalTransition { state, operation })
}

#[test]
fn a_question_is_received_scheduled_answered_completed_and_rated() {
    let mut progress = Progress::receive(begin());
    let meeting = |hours| Appointment {
        at: begin() + TimeDelta::hours(hours),
        mode: Mode::Online,
    };
    assert_eq!(progress.rate(5), illegal(State::Requested, Operation::Rate));
    progress.schedule("rina", Some(meeting(24)), begin()).unwrap();
    assert_eq!(progress.state, State::Scheduled);
    progress.schedule("budi", Some(meeting(48)), begin()).unwrap();
    assert_eq!(
        (progress.member.as_str(), progress.appointment),
        ("budi", Some(meeting(48)))
    );
    let first = begin() + TimeDelta::hours(48);
    progress.answer(first).unwrap();
    progress.answer(first + TimeDelta::hours(1)).unwrap();
    assert_eq!(progress.first_answer_at, Some(first));
    progress.schedule("rina", None, first).unwrap();
    assert_eq!((progress.state, progress.appointment), (State::Answered, None));
    progress.complete(false, first).unwrap();
    assert_eq!(
        progress.schedule("rina", None, first),
        illegal(State::Completed, Operation::Schedule)
    );
    assert_eq!(
        progress.answer(first),
        illegal(State::Completed, Operation::Answer)
    );
    assert_eq!(
        progress.complete(true, first),
        illegal(State::Completed, Operation::Complete)
    );
    assert_eq!(progress.rate(6), Err(Refusal::StarsOutOfRange));
    progress.rate(5).unwrap();
    assert_eq!(progress.rate(4), Err(Refusal::AlreadyRated));
}

#[test]
fn an_unanswered_consultation_can_be_completed_only_with_a_reason() {
    let mut progress = Progress::receive(begin());
    assert_eq!(progress.complete(false, begin()), Err(Refusal::ReasonRequired));
    assert_eq!(progress, Progress::receive(begin()));
    progress.complete(true, begin()).unwrap();
    assert_eq!(
        (progress.first_answer_at, progress.completed_at),
        (None, Some(begin()))
    );
}

#[test]
fn an_appointment_must_be_in_the_future() {
    let mut progress = Progress::receive(begin());
    let now = Appointment {
        at: begin(),
        mode: Mode::Phone,
    };
    assert_eq!(
        progress.schedule("rina", Some(now), begin()),
        Err(Refusal::AppointmentPast)
    );
    assert_eq!(progress, Progress::receive(begin()));
}

#[test]
fn topics_have_unique_keys() {
    for kind in [Some(Kind::ServiceDesk), Some(Kind::Clinic), None] {
        let keys: Vec<&str> = topics(kind).map(|t| t.key).collect();
        let distinct: BTreeSet<&str> = keys.iter().copied().collect();
        assert_eq!(keys.len(), distinct.len());
        assert_eq!(keys.len(), if kind.is_some() { 6 } else { 11 });
    }
}

#[test]
fn keys_are_parsed_back() {
    assert!(Kind::ALL.iter().all(|k| Kind::parse(k.key()) == Some(*k)));
    assert!(State::ALL.iter().all(|s| State::parse(s.key()) == Some(*s)));
    assert!(Mode::ALL.iter().all(|m| Mode::parse(m.key()) == Some(*m)));
    assert_eq!(State::parse("gone"), None);
}

#[test]
fn the_longest_words_of_a_question_are_its_keywords() {
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let found = keywords(words(
        "bagaimana cara mengurus izin usaha dan izin reklame di kota",
    ));
    assert_eq!(found, ["mengurus", "reklame", "usaha", "izin", "kota"]);
    assert!(keywords(words("apakah saya bisa")).is_empty());
    let many: Vec<String> = (0..20).map(|n| format!("kata{n:02}")).collect();
    assert_eq!(keywords(many).len(), KEYWORDS_MAX);
}
