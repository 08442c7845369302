//! Figures of groups are equations in the answers of the people behind them: with their larger step nobody can be solved for.

use prima_platform::disclosure::group_step;
use proptest::prelude::*;

const PRIME: i128 = (1 << 61) - 1;

fn inverse(n: i128) -> i128 {
    let (mut base, mut exponent, mut power) = (n, PRIME - 2, 1);
    while exponent > 0 {
        if exponent & 1 == 1 {
            power = power * base % PRIME;
        }
        base = base * base % PRIME;
        exponent >>= 1;
    }
    power
}

/// The number of people whose own answers are a linear combination of these figures; a figure is given as the people whom
/// it covers.
fn solved(figures: &[Vec<bool>]) -> usize {
    let mut reduced: Vec<(usize, Vec<i128>)> = Vec::new();
    let subtract_multiple = |row: &mut Vec<i128>, by: &[i128], at: usize| {
        let factor = row[at];
        if factor != 0 {
            row.iter_mut()
                .zip(by)
                .for_each(|(x, y)| *x = (*x - factor * y % PRIME + PRIME) % PRIME);
        }
    };
    for figure in figures {
        let mut row: Vec<i128> = figure.iter().map(|is| i128::from(*is)).collect();
        reduced
            .iter()
            .for_each(|(at, by)| subtract_multiple(&mut row, by, *at));
        let Some(at) = row.iter().position(|x| *x != 0) else {
            continue;
        };
        let by = inverse(row[at]);
        row.iter_mut().for_each(|x| *x = *x * by % PRIME);
        reduced
            .iter_mut()
            .for_each(|(_, other)| subtract_multiple(other, &row, at));
        reduced.push((at, row));
    }
    let alone = |row: &[i128]| row.iter().filter(|x| **x != 0).count() == 1;
    reduced.iter().filter(|(_, row)| alone(row)).count()
}

/// Every figure of an open survey that may ever be published of these people, who responded in this order.
fn figures(people: &[[u8; 7]], step: i64, group_step: i64) -> Vec<Vec<bool>> {
    let mut figures = Vec::new();
    let mut publish = |members: &[usize], step: i64| {
        for n in (1..=members.len()).filter(|n| *n as i64 % step == 0) {
            figures.push((0..people.len()).map(|at| members[..n].contains(&at)).collect());
        }
    };
    publish(&(0..people.len()).collect::<Vec<_>>(), step);
    for dimension in 0..7 {
        for group in 0..5 {
            let in_group = |at: &usize| people[*at][dimension] == group;
            publish(
                &(0..people.len()).filter(in_group).collect::<Vec<_>>(),
                group_step,
            );
        }
    }
    figures
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn one_persons_answers_cannot_be_solved_for_even_when_all_groups_are_known(
        people in prop::collection::vec(prop::array::uniform7(0..5_u8), 20..90),
        step in 4..7_i64,
    ) {
        prop_assert_eq!(solved(&figures(&people, step, group_step(step))), 0);
    }
}

#[test]
fn with_one_step_for_groups_and_total_answers_could_be_solved_for() {
    let people: Vec<[u8; 7]> = (0..90_u64)
        .map(|n| [3, 5, 7, 11, 13, 17, 19].map(|by| (n.wrapping_mul(2_654_435_761 * by) >> 9) as u8 % 4))
        .collect();
    assert!(solved(&figures(&people, 5, 5)) > 40);
    assert_eq!(solved(&figures(&people, 5, group_step(5))), 0);
}
