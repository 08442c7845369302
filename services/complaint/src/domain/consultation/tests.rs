use std::collections::BTreeSet;

use chrono::TimeDelta;

use super::*;

fn begin() -> DateTime<Utc> {
    "2026-03-02T02:00:00Z".parse().unwrap()
}

fn illegal(state: State, act: Act) -> Result<(), Refusal> {
    Err(Refusal::IllegalTransition { state, act })
}

#[test]
fn a_question_goes_from_receipt_to_its_rating() {
    let mut course = Course::receive(begin());
    let meeting = |hours| Appointment {
        at: begin() + TimeDelta::hours(hours),
        mode: Mode::Online,
    };
    assert_eq!(course.rate(5), illegal(State::Requested, Act::Rate));
    course.schedule("rina", Some(meeting(24)), begin()).unwrap();
    assert_eq!(course.state, State::Scheduled);
    course.schedule("budi", Some(meeting(48)), begin()).unwrap();
    assert_eq!(
        (course.member.as_str(), course.appointment),
        ("budi", Some(meeting(48)))
    );
    let first = begin() + TimeDelta::hours(48);
    course.answer(first).unwrap();
    course.answer(first + TimeDelta::hours(1)).unwrap();
    assert_eq!(course.first_answer_at, Some(first));
    course.schedule("rina", None, first).unwrap();
    assert_eq!((course.state, course.appointment), (State::Answered, None));
    course.complete(false, first).unwrap();
    assert_eq!(
        course.schedule("rina", None, first),
        illegal(State::Completed, Act::Schedule)
    );
    assert_eq!(course.answer(first), illegal(State::Completed, Act::Answer));
    assert_eq!(
        course.complete(true, first),
        illegal(State::Completed, Act::Complete)
    );
    assert_eq!(course.rate(6), Err(Refusal::StarsOutOfRange));
    course.rate(5).unwrap();
    assert_eq!(course.rate(4), Err(Refusal::AlreadyRated));
}

#[test]
fn what_was_not_answered_ends_with_a_reason_only() {
    let mut course = Course::receive(begin());
    assert_eq!(course.complete(false, begin()), Err(Refusal::ReasonRequired));
    assert_eq!(course, Course::receive(begin()));
    course.complete(true, begin()).unwrap();
    assert_eq!(
        (course.first_answer_at, course.completed_at),
        (None, Some(begin()))
    );
}

#[test]
fn an_appointment_lies_in_the_future() {
    let mut course = Course::receive(begin());
    let now = Appointment {
        at: begin(),
        mode: Mode::Phone,
    };
    assert_eq!(
        course.schedule("rina", Some(now), begin()),
        Err(Refusal::AppointmentPast)
    );
    assert_eq!(course, Course::receive(begin()));
}

#[test]
fn topics_have_a_key_each_and_are_listed_once() {
    for kind in [Some(Kind::ServiceDesk), Some(Kind::Clinic), None] {
        let keys: Vec<&str> = topics(kind).map(|t| t.key).collect();
        let distinct: BTreeSet<&str> = keys.iter().copied().collect();
        assert_eq!(keys.len(), distinct.len());
        assert_eq!(keys.len(), if kind.is_some() { 6 } else { 11 });
    }
}

#[test]
fn keys_are_read_back() {
    assert!(Kind::ALL.iter().all(|k| Kind::parse(k.key()) == Some(*k)));
    assert!(State::ALL.iter().all(|s| State::parse(s.key()) == Some(*s)));
    assert!(Mode::ALL.iter().all(|m| Mode::parse(m.key()) == Some(*m)));
    assert_eq!(State::parse("gone"), None);
}

#[test]
fn the_longest_words_of_a_question_tell_most() {
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let found = telling(words(
        "bagaimana cara mengurus izin usaha dan izin reklame di kota",
    ));
    assert_eq!(found, ["mengurus", "reklame", "usaha", "izin", "kota"]);
    assert!(telling(words("apakah saya bisa")).is_empty());
    let many: Vec<String> = (0..20).map(|n| format!("kata{n:02}")).collect();
    assert_eq!(telling(many).len(), WORDS);
}
