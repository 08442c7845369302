use proptest::prelude::*;

use super::*;

type Key = Reverse<Rational>;

fn key(value: &Rational) -> Key {
    Reverse(value.clone())
}

fn field(places: &[(u8, i64, &str)]) -> Field<u8, Key> {
    let place = |(subject, value, era): &(u8, i64, &str)| {
        let place = Place {
            key: key(&number::whole(*value)),
            era: (*era).to_owned(),
        };
        (*subject, place)
    };
    places.iter().map(place).collect()
}

fn component(key: &str, from: i64, to: i64) -> Component {
    Component {
        key: key.to_owned(),
        contribution: [number::whole(from), number::whole(to)],
    }
}

/// Splits the change of subject 0, by one definition.
fn change(from: &Field<u8, Key>, to: &Field<u8, Key>, components: &[Component]) -> Option<RankChange> {
    let value = |field: &Field<u8, Key>| Some(field.get(&0)?.key.0.clone());
    let own = Own {
        subject: &0,
        value: [value(from)?, value(to)?],
        components: components.to_vec(),
        counts_equal: [false; 2],
        key: &|value, _, _| key(value),
    };
    split(&own, &Fields([[from; 2], [to; 2]]))
}

fn part(change: &RankChange, source: &Source) -> String {
    let part = change.parts.iter().find(|part| part.source == *source).unwrap();
    number::fraction(&part.ranks)
}

fn rank(field: &Field<u8, Key>) -> usize {
    let own = &field[&0].key;
    field.values().filter(|place| place.key < *own).count() + 1
}

#[test]
fn each_source_has_the_part_that_it_adds_alone_when_nothing_else_changes() {
    let before = field(&[(0, 80, "i"), (1, 90, "i"), (2, 85, "i"), (3, 70, "i")]);
    let own = field(&[(0, 87, "i"), (1, 90, "i"), (2, 85, "i"), (3, 70, "i")]);
    let found = change(
        &before,
        &own,
        &[component("time", 40, 47), component("cost", 40, 40)],
    )
    .unwrap();
    assert_eq!((found.rank, found.others), ([3, 2], 3));
    assert_eq!(part(&found, &Source::Component("time".into())), "-1/1");
    assert_eq!(part(&found, &Source::Component("cost".into())), "0/1");
    assert_eq!(part(&found, &Source::Remainder), "0/1");

    let others = field(&[(0, 80, "i"), (1, 90, "i"), (2, 75, "i"), (3, 70, "i")]);
    assert_eq!(
        part(&change(&before, &others, &[]).unwrap(), &Source::Others),
        "-1/1"
    );
    let entrant = field(&[
        (0, 80, "i"),
        (1, 90, "i"),
        (2, 85, "i"),
        (3, 70, "i"),
        (4, 99, "i"),
    ]);
    let found = change(&before, &entrant, &[]).unwrap();
    assert_eq!(
        (part(&found, &Source::Entrants), found.entrants),
        ("1/1".into(), 1)
    );
    let left = field(&[(0, 80, "i"), (2, 85, "i"), (3, 70, "i")]);
    let found = change(&before, &left, &[]).unwrap();
    assert_eq!(
        (part(&found, &Source::Leavers), found.leavers),
        ("-1/1".into(), 1)
    );
}

#[test]
fn a_step_that_two_sources_take_together_is_shared() {
    // Only both components together pass the other subject.
    let before = field(&[(0, 80, "i"), (1, 85, "i")]);
    let after = field(&[(0, 86, "i"), (1, 85, "i")]);
    let found = change(&before, &after, &[component("a", 40, 43), component("b", 40, 43)]).unwrap();
    assert_eq!(part(&found, &Source::Component("a".into())), "-1/2");
    assert_eq!(part(&found, &Source::Component("b".into())), "-1/2");
}

#[test]
fn what_the_components_do_not_explain_is_named() {
    let before = field(&[(0, 80, "i"), (1, 85, "i")]);
    let after = field(&[(0, 90, "i"), (1, 85, "i")]);
    let found = change(&before, &after, &[component("a", 40, 42)]).unwrap();
    let remainder = found
        .parts
        .iter()
        .find(|part| part.source == Source::Remainder)
        .unwrap();
    assert_eq!(remainder.value, Some(number::whole(8)));
    assert_eq!(number::fraction(&remainder.ranks), "-1/1");
}

#[test]
fn scores_of_another_era_change_by_method() {
    let before = field(&[(0, 80, "old"), (1, 85, "old"), (2, 70, "same")]);
    let after = field(&[(0, 90, "new"), (1, 85, "new"), (2, 95, "same")]);
    let found = change(&before, &after, &[component("a", 40, 50)]).unwrap();
    let sources: Vec<&Source> = found.parts.iter().map(|part| &part.source).collect();
    assert_eq!(
        sources,
        [
            &Source::Others,
            &Source::Entrants,
            &Source::Leavers,
            &Source::Method
        ]
    );
    assert_eq!(
        (part(&found, &Source::Method), part(&found, &Source::Others)),
        ("-1/1".into(), "1/1".into())
    );
}

#[test]
fn another_definition_is_method() {
    // With the second definition the lower value is better.
    let scores = [(0, 80), (1, 90), (2, 70), (3, 60)];
    let ranked = |sign: i64| -> Field<u8, Key> {
        let place = |(subject, value): (u8, i64)| {
            let key = key(&number::whole(sign * value));
            (
                subject,
                Place {
                    key,
                    era: String::new(),
                },
            )
        };
        scores.into_iter().map(place).collect()
    };
    let (higher, lower) = (ranked(1), ranked(-1));
    let own = Own {
        subject: &0,
        value: [number::whole(80), number::whole(80)],
        components: Vec::new(),
        counts_equal: [false; 2],
        key: &|value, _, by| key(&(value * number::whole(if by { -1 } else { 1 }))),
    };
    let found = split(&own, &Fields([[&higher, &lower], [&higher, &lower]])).unwrap();
    assert_eq!(found.rank, [2, 3]);
    assert_eq!(part(&found, &Source::Method), "1/1");
}

#[test]
fn many_components_are_sources_of_their_own_where_they_changed_most() {
    let before = field(&[(0, 80, "i"), (1, 85, "i")]);
    let after = field(&[(0, 90, "i"), (1, 85, "i")]);
    let components: Vec<Component> = (0..14).map(|n| component(&format!("c{n:02}"), 0, n)).collect();
    let found = change(&before, &after, &components).unwrap();
    let rest = found
        .parts
        .iter()
        .find(|part| part.source == Source::OtherComponents)
        .unwrap();
    assert_eq!(rest.value, Some(number::whole(1 + 2 + 3 + 4)));
    assert!(
        !found
            .parts
            .iter()
            .any(|part| part.source == Source::Component("c04".into()))
    );
    assert_eq!(found.ranks(), number::whole(-1));
}

#[test]
fn without_a_rank_at_both_points_there_is_nothing_to_split() {
    let ranked = field(&[(0, 80, "i")]);
    assert_eq!(change(&ranked, &field(&[(1, 80, "i")]), &[]), None);
    assert_eq!(change(&field(&[]), &ranked, &[]), None);
}

/// The ranked subjects of a table: few values, so that there are ties, and few eras.
fn fields() -> impl Strategy<Value = Field<u8, Key>> {
    let place = (0..40_i64, prop::sample::select(vec!["i", "i", "i", "j"]));
    let own = place.clone();
    (prop::collection::btree_map(1..30_u8, place, 0..20), own).prop_map(|(others, own)| {
        let others = others
            .into_iter()
            .map(|(subject, (value, era))| (subject, value, era));
        let places: Vec<_> = others.chain([(0, own.0, own.1)]).collect();
        field(&places)
    })
}

fn components() -> impl Strategy<Value = Vec<Component>> {
    prop::collection::vec((0..8_i64, 0..8_i64), 0..4).prop_map(|contributions| {
        let component = |(n, (from, to)): (usize, (i64, i64))| component(&format!("c{n}"), from, to);
        contributions.into_iter().enumerate().map(component).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn the_parts_sum_to_the_change(from in fields(), to in fields(), components in components()) {
        let found = change(&from, &to, &components).unwrap();
        prop_assert_eq!(found.rank, [rank(&from), rank(&to)]);
        let ranks = |n: usize| number::whole(i64::try_from(n).unwrap());
        prop_assert_eq!(found.ranks(), ranks(found.rank[1]) - ranks(found.rank[0]));
    }

    #[test]
    fn the_exchanged_points_negate_every_part(from in fields(), to in fields(), components in components()) {
        let exchanged: Vec<Component> = components
            .iter()
            .map(|c| Component { key: c.key.clone(), contribution: [c.contribution[1].clone(), c.contribution[0].clone()] })
            .collect();
        let (there, back) = (change(&from, &to, &components).unwrap(), change(&to, &from, &exchanged).unwrap());
        for part in &there.parts {
            // Who enters on the way there leaves on the way back.
            let source = match &part.source {
                Source::Entrants => &Source::Leavers,
                Source::Leavers => &Source::Entrants,
                other => other,
            };
            let other = back.parts.iter().find(|other| other.source == *source).unwrap();
            prop_assert_eq!(&part.ranks, &-other.ranks.clone());
        }
    }

    #[test]
    fn nothing_that_changed_has_no_part(field in fields(), contributions in components()) {
        let same: Vec<Component> = contributions
            .iter()
            .map(|c| Component { key: c.key.clone(), contribution: [c.contribution[0].clone(), c.contribution[0].clone()] })
            .collect();
        let found = change(&field, &field, &same).unwrap();
        prop_assert!(found.parts.iter().all(|part| part.ranks.is_zero()), "{:?}", found.parts);
    }
}
