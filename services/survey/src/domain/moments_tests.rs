use proptest::prelude::*;

use super::*;

fn of(elements: usize, rows: &[String]) -> Moments {
    let mut moments = Moments::none(elements);
    for row in rows {
        moments.add(row);
    }
    moments
}

fn scores(row: &str) -> Vec<Option<i64>> {
    row.chars().map(|c| c.to_digit(10).map(i64::from)).collect()
}

/// The sums of a pair, computed from the rows.
fn pair(rows: &[String], u: usize, v: usize) -> Pair {
    let mut pair = Pair::default();
    for row in rows {
        let row = scores(row);
        if let (Some(first), Some(second)) = (row[u], row[v]) {
            pair.answers += 1;
            pair.first += first;
            pair.second += second;
            pair.product += first * second;
        }
    }
    pair
}

fn rows(elements: usize) -> impl Strategy<Value = Vec<String>> {
    let row = prop::collection::vec(
        prop::sample::select(vec!['-', '0', '1', '2', '3', '4', '5']),
        elements,
    );
    prop::collection::vec(row.prop_map(|row| row.into_iter().collect()), 0..40)
}

fn sized_rows() -> impl Strategy<Value = (usize, Vec<String>)> {
    (1..7_usize).prop_flat_map(|n| (Just(n), rows(n)))
}

#[test]
fn every_pair_has_the_right_sums() {
    let moments = of(3, &["42-".into(), "313".into()]);
    assert_eq!(moments.rows(), 2);
    let sums = |u, v| {
        let p = moments.pair(u, v).unwrap();
        (p.answers, p.first, p.second, p.product)
    };
    assert_eq!(sums(0, 0), (2, 7, 7, 25));
    assert_eq!(sums(0, 1), (2, 7, 3, 11));
    assert_eq!(sums(1, 0), (2, 3, 7, 11));
    assert_eq!(sums(1, 2), (1, 1, 3, 3));
    assert_eq!(sums(2, 2), (1, 3, 3, 9));
    assert_eq!(moments.pair(0, 3), None);
}

#[test]
fn a_covariance_needs_two_respondents_who_answered_both() {
    let moments = of(2, &["42".into(), "3-".into()]);
    assert_eq!(moments.covariance(0, 0), Some(Rational::new(1.into(), 2.into())));
    assert_eq!(moments.covariance(0, 1), None);
}

#[test]
fn an_element_that_is_proportional_to_the_others_has_importance_one() {
    let moments = of(3, &["111".into(), "222".into(), "444".into()]);
    let full = Correlation {
        negative: false,
        squared: Rational::from_integer(1.into()),
    };
    assert_eq!(moments.importance(1), Some(full));
    let against = of(2, &["14".into(), "41".into(), "23".into()]);
    assert!(against.importance(0).unwrap().negative);
    assert_eq!(of(2, &["14".into(), "12".into()]).importance(0), None);
}

#[test]
fn only_a_text_of_the_same_number_of_elements_is_parsed() {
    let text = of(2, &["42".into()]).text();
    assert_eq!(text, "[1,1,4,4,16,1,4,2,8,1,2,2,4]");
    assert_eq!(Moments::parse("", 2), Some(Moments::none(2)));
    for (text, elements) in [
        (text.as_str(), 3),
        ("[1]", 1),
        ("[]", 0),
        ("{", 1),
        ("[1,2,3,4,5,6]", 1),
    ] {
        assert_eq!(Moments::parse(text, elements), None, "{text}");
    }
}

proptest! {
    #[test]
    fn moments_equal_the_sums_over_the_rows((n, rows) in sized_rows()) {
        let moments = of(n, &rows);
        prop_assert_eq!(moments.rows(), rows.len() as i64);
        for u in 0..n {
            for v in 0..n {
                prop_assert_eq!(moments.pair(u, v), Some(pair(&rows, u, v)));
            }
        }
        prop_assert_eq!(Moments::parse(&moments.text(), n), Some(moments));
    }

    #[test]
    fn adding_and_removing_in_any_order_equals_the_rows_that_remain(
        (n, kept, edits) in (1..6_usize).prop_flat_map(|n| (Just(n), rows(n), rows(n))).prop_flat_map(
            |(n, kept, gone)| {
                let mut edits: Vec<(bool, String)> = kept.iter().map(|r| (true, r.clone())).collect();
                edits.extend(gone.iter().flat_map(|r| [(true, r.clone()), (false, r.clone())]));
                (Just(n), Just(kept), Just(edits).prop_shuffle())
            }
        ),
        split in 0..120_usize,
    ) {
        let (mut moments, mut later) = (Moments::none(n), Moments::none(n));
        for (at, (add, row)) in edits.iter().enumerate() {
            let one = if at < split { &mut moments } else { &mut later };
            if *add { one.add(row) } else { one.remove(row) }
        }
        moments.merge(&later);
        prop_assert_eq!(moments, of(n, &kept));
    }

    #[test]
    fn another_order_of_elements_gives_the_moments_of_the_reordered_rows(
        (rows, order) in (rows(5), Just((0..5).collect::<Vec<usize>>()).prop_shuffle())
    ) {
        let moved: Vec<String> = rows.iter().map(|row| {
            let row: Vec<char> = row.chars().collect();
            order.iter().map(|at| row[*at]).collect()
        }).collect();
        prop_assert_eq!(of(5, &rows).reordered(&order), Some(of(5, &moved)));
    }

    #[test]
    fn a_correlation_stays_within_one(rows in rows(4)) {
        let moments = of(4, &rows);
        for element in 0..4 {
            if let Some(r) = moments.importance(element) {
                prop_assert!(r.squared >= Rational::zero() && r.squared <= Rational::from_integer(1.into()));
            }
        }
    }
}
