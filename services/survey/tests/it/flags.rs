//! Which responses are flagged, and how they affect the index.

use prima_proto::survey::v1 as pb;
use prima_survey::{
    domain::{flags, release::Pending},
    store::{
        analysis::{Coverage, flagged},
        survey::survey_get,
    },
};
use sea_orm::ConnectionTrait;

use crate::{
    analysis::{Dice, analyze, respond_as, sex},
    fixture::*,
};

/// A closed survey with 16 responses, of which the first `flagged` have equal answers, and its quality.
async fn quality(t: &mut World, flagged: usize) -> (String, pb::Quality) {
    let survey = t.survey("a").await.name;
    for n in 0..16 {
        let scores = if n < flagged {
            [1; 9]
        } else {
            [3, 4, 3, 4, 3, 4, 3, 4, 3]
        };
        respond_as(t, &survey, &format!("r-{n:02}"), sex("L"), scores).await;
    }
    t.close(&survey).await;
    let quality = analyze(t, &survey).await.quality.unwrap();
    (survey, quality)
}

#[tokio::test(flavor = "multi_thread")]
async fn flagged_responses_are_counted_and_the_index_is_shown_without_them() {
    on_each_database(async |mut t| {
        let (survey, quality) = quality(&mut t, 6).await;
        assert_eq!(quality.flagged, 6);
        assert_eq!(quality.flags.len(), 1);
        let flag = &quality.flags[0];
        assert_eq!((flag.kind.as_str(), flag.responses), ("straight_line", 6));
        assert_eq!(flag.display_name, "Semua jawaban sama");
        // The index is 25 for 6 of 16 responses and 86.11… for the others.
        assert_eq!(
            (quality.index_with.as_str(), quality.index_without.as_str()),
            ("63.19", "86.11")
        );
        assert_eq!(t.result(&survey).await.respondents, 16, "nothing is deleted");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_indexes_that_differ_by_few_responses_are_not_both_published() {
    on_each_database(async |mut t| {
        let (_, quality) = quality(&mut t, 4).await;
        assert_eq!((quality.flagged, quality.index_without.as_str()), (4, ""));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_answers_more_than_five_times_a_day_is_flagged() {
    on_each_database(async |mut t| {
        let survey = t.survey("a").await.name;
        for n in 0..12 {
            let device = if n < 7 { "tablet-1" } else { "tablet-2" };
            let request = pb::SubmitResponseRequest {
                request_id: format!("r-{n}"),
                survey: survey.clone(),
                response: Some(pb::Response {
                    device: device.into(),
                    ..response(&SKM.map(|key| (key, if key == "time" { 2 } else { 3 })))
                }),
                ..Default::default()
            };
            t.client.submit_response(operator(request)).await.unwrap();
        }
        t.close(&survey).await;
        let quality = analyze(&mut t, &survey).await.quality.unwrap();
        let flags: Vec<(&str, i64)> = quality
            .flags
            .iter()
            .map(|f| (f.kind.as_str(), f.responses))
            .collect();
        assert_eq!(flags, [("shared_device", 7)]);
        assert_eq!(quality.index_without, "72.22");
    })
    .await;
}

struct Fact {
    id: String,
    submitted_at: i64,
    answers: String,
    source: &'static str,
    device: Option<u8>,
}

/// The rule, computed naively: some interval of 60 seconds with this response has more than 10 of its source and device.
fn bursts(facts: &[Fact], one: &Fact) -> bool {
    let own: Vec<i64> = facts
        .iter()
        .filter(|f| f.source != "agent" && (f.source, f.device) == (one.source, one.device))
        .map(|f| f.submitted_at)
        .collect();
    let minute = |from: &i64| {
        (*from..*from + 60_000_000)
            .contains(&one.submitted_at)
            .then_some(*from)
    };
    own.iter().filter_map(minute).any(|from| {
        own.iter()
            .filter(|t| (from..from + 60_000_000).contains(t))
            .count()
            > 10
    })
}

fn shares(facts: &[Fact], one: &Fact) -> bool {
    let day = |f: &Fact| (f.submitted_at + 7 * 3_600_000_000) / 86_400_000_000;
    let kiosk = |f: &Fact| f.source.starts_with("kiosk:");
    let same = |f: &&Fact| f.device == one.device && day(f) == day(one) && !kiosk(f);
    one.device.is_some() && !kiosk(one) && facts.iter().filter(same).count() > 5
}

fn straight(one: &Fact) -> bool {
    let given: Vec<char> = one.answers.chars().filter(|c| *c != '-').collect();
    given.len() >= 5 && given.windows(2).all(|two| two.first() == two.last())
}

#[tokio::test(flavor = "multi_thread")]
async fn flags_follow_their_rule_whatever_the_order_of_arrival() {
    on_each_database(async |mut t| {
        let name = t.survey("a").await.name;
        let survey_id = survey_get(t.db.reader(), &name).await.unwrap().unwrap().id;
        let mut dice = Dice(11);
        let mut facts = Vec::new();
        for n in 0..500 {
            let source = ["agent", "link", "token:1", "kiosk:a"][dice.below(4) as usize];
            let device = Some(dice.below(9) as u8).filter(|d| *d < 3 && source != "agent");
            let hour = 1_700_000_000_000_000 + 9 * 3_600_000_000 * dice.below(4) as i64;
            let answers = match dice.below(10) {
                0 => "444444444".to_owned(),
                1 => "-3-33-33-".to_owned(),
                2 => "3---3-3-3".to_owned(),
                _ => (0..9).map(|_| char::from(b'1' + dice.below(4) as u8)).collect(),
            };
            facts.push(Fact {
                id: format!("r-{:03}", (n * 7) % 500),
                submitted_at: hour + 1_500_000 * dice.below(100) as i64,
                answers,
                source,
                device,
            });
        }
        for (batch, f) in facts.iter().enumerate() {
            let text = "INSERT INTO response (survey_id, response_id, digest, submitted_at, accepted_at, batch, answers,
                            source, device) VALUES ($1, $2, $3, $4, $4, $5, $6, $7, $8)";
            let values = [
                survey_id.into(),
                f.id.clone().into(),
                vec![0u8].into(),
                f.submitted_at.into(),
                (batch as i64).into(),
                f.answers.clone().into(),
                f.source.into(),
                f.device.map(|d| vec![d]).into(),
            ];
            let writer = t.db.writer();
            writer.execute_raw(prima_platform::db::sql(writer, text, values)).await.unwrap();
        }
        let rule = flags::rule().unwrap();
        let txn = t.db.snapshot().await.unwrap();
        let everything = Coverage::of(survey_id, i64::MAX, &Pending::default());
        let found = flagged(&txn, &everything, 9, rule, (1, 0)).await.unwrap();
        let count = |is: &dyn Fn(&Fact) -> bool| facts.iter().filter(|f| is(f)).count() as i64;
        let (burst, shared) = (count(&|f| bursts(&facts, f)), count(&|f| shares(&facts, f)));
        assert!(burst > 20 && shared > 20 && burst < 400, "{burst} {shared}: the facts must be mixed");
        assert_eq!((found.burst, found.shared_device, found.straight_line), (burst, shared, count(&straight)));
        let any = |f: &Fact| bursts(&facts, f) || shares(&facts, f) || straight(f);
        assert_eq!(found.sums.respondents, count(&any));
        let total: i64 = facts
            .iter()
            .filter(|f| any(f))
            .filter_map(|f| f.answers.chars().nth(4)?.to_digit(10))
            .map(i64::from)
            .sum();
        assert_eq!(found.sums.elements[4].total(), total);
        // The sums change in steps, so only the first arrivals are in them.
        let stepped = flagged(&txn, &everything, 9, rule, (7, 0)).await.unwrap();
        let first: Vec<&Fact> = facts.iter().filter(|f| any(f)).collect();
        let whole = first.len() - first.len() % 7;
        assert_eq!(stepped.sums.respondents, whole as i64);
        assert_eq!(stepped.straight_line, first[..whole].iter().filter(|f| straight(f)).count() as i64);
        let lagged = flagged(&txn, &everything, 9, rule, (7, 5)).await.unwrap();
        assert_eq!(lagged.sums.respondents, ((first.len() - 5) / 7 * 7) as i64);
    })
    .await;
}
