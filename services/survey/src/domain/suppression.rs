//! Cell suppression: which cells of a published table are withheld so that no person's answers can be derived from it. Small
//! cells are withheld (primary suppression), and as many others as needed so that the small ones cannot be computed from the
//! total (complementary suppression).
//!
//! A reader is assumed to know the total, every visible cell, these rules and their minimum. The reader can still not compute
//! the count of a cell that [`cells`] withholds, or the sum of scores of a cell that [`cells`] or [`answers`] withholds.

/// For each cell, whether it is withheld; `counts` has every possible cell, with 0 for empty ones.
///
/// A cell is small when `0 < n < minimum`. Withholding the small cells is enough when there are at least two, they have
/// `minimum` people together and they are not all equal. Otherwise all cells of the next larger size are withheld too. When
/// no cell with people remains visible, the empty ones are withheld as well, because knowing which are empty would reveal
/// the others.
///
/// Proof: the rule depends on sizes and not on positions, so the published table is the same for every permutation of the
/// withheld sizes; and the sizes differ, so every withheld cell could have another size.
pub fn cells(counts: &[i64], minimum: i64) -> Vec<bool> {
    let small = |n: i64| 0 < n && n < minimum;
    let mut withheld: Vec<bool> = counts.iter().map(|n| small(*n)).collect();
    let smalls = || counts.iter().copied().filter(|n| small(*n));
    let Some(first) = smalls().next() else {
        return withheld;
    };
    // Cells that are not all equal are at least two.
    let enough = smalls().any(|n| n != first) && smalls().sum::<i64>() >= minimum;
    if !enough && let Some(next) = counts.iter().copied().filter(|n| *n >= minimum).min() {
        for (withheld, _) in withheld.iter_mut().zip(counts).filter(|(_, n)| **n == next) {
            *withheld = true;
        }
    }
    if counts
        .iter()
        .zip(&withheld)
        .all(|(n, withheld)| *withheld || *n == 0)
    {
        withheld.fill(true);
    }
    withheld
}

/// For each cell of one element, whether it is withheld, given those that [`cells`] withholds. `counts` has the number of
/// answers to the element in each cell, which may be lower than its number of people when the element is optional.
///
/// Small cells are withheld, and then the smallest others, until at least two cells with together at least `minimum` answers
/// are withheld, or all of them. The counts can still be computed from the people of a visible cell, but the sums of scores
/// cannot.
pub fn answers(counts: &[i64], given: &[bool], minimum: i64) -> Vec<bool> {
    let mut withheld: Vec<bool> = counts
        .iter()
        .zip(given)
        .map(|(n, given)| *given || (0 < *n && *n < minimum))
        .collect();
    loop {
        let hidden = || counts.iter().zip(&withheld).filter(|(_, w)| **w).map(|(n, _)| *n);
        let (cells, sum) = (hidden().count(), hidden().sum::<i64>());
        if sum == 0 || (cells >= 2 && sum >= minimum) {
            return withheld;
        }
        let visible = counts.iter().zip(&mut withheld).filter(|(n, w)| !**w && **n > 0);
        let Some((_, smallest)) = visible.min_by_key(|(n, _)| **n) else {
            return withheld;
        };
        *smallest = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn nothing_is_withheld_when_nothing_is_small() {
        assert_eq!(cells(&[5, 0, 70], 5), [false; 3]);
        assert_eq!(cells(&[], 5), [false; 0]);
        assert_eq!(answers(&[5, 0, 70], &[false; 3], 5), [false; 3]);
    }

    #[test]
    fn a_small_cell_is_withheld_with_the_smallest_other() {
        assert_eq!(cells(&[3, 40, 9, 0], 5), [true, false, true, false]);
        assert_eq!(cells(&[2, 2, 40, 9], 5), [true, true, false, true]);
    }

    #[test]
    fn different_small_cells_with_enough_people_are_enough() {
        assert_eq!(cells(&[1, 4, 40, 9], 5), [true, true, false, false]);
    }

    #[test]
    fn equal_small_cells_could_be_computed_from_their_sum() {
        assert_eq!(
            cells(&[1, 1, 1, 1, 1, 20, 30], 5),
            [true, true, true, true, true, true, false]
        );
        assert_eq!(cells(&[4, 4, 20, 30], 5), [true, true, true, false]);
    }

    #[test]
    fn when_nothing_remains_visible_empty_cells_are_withheld_too() {
        assert_eq!(cells(&[2, 0, 40], 5), [true; 3]);
        assert_eq!(cells(&[1, 1, 1], 5), [true; 3]);
        assert_eq!(cells(&[3, 40, 40], 5), [true; 3]);
    }

    #[test]
    fn an_element_that_few_answered_is_withheld_with_the_next() {
        assert_eq!(answers(&[3, 40, 9], &[false; 3], 5), [true, false, true]);
        assert_eq!(
            answers(&[3, 40, 9], &[false, false, true], 5),
            [true, false, true]
        );
        assert_eq!(
            answers(&[0, 40, 9], &[true, false, false], 5),
            [true, false, false]
        );
        assert_eq!(
            answers(&[1, 40, 9], &[true, false, false], 5),
            [true, false, true]
        );
        assert_eq!(answers(&[3], &[false], 5), [true]);
    }

    /// Every way to distribute `rest` over `places` cells.
    fn spread(rest: i64, places: usize, found: &mut Vec<Vec<i64>>, so_far: &mut Vec<i64>) {
        if so_far.len() + 1 == places {
            so_far.push(rest);
            found.push(so_far.clone());
            so_far.pop();
            return;
        }
        for n in 0..=rest {
            so_far.push(n);
            spread(rest - n, places, found, so_far);
            so_far.pop();
        }
    }

    /// Every table that looks the same when published: same total, same visible cells and same withheld cells.
    fn lookalikes(counts: &[i64], minimum: i64) -> Vec<Vec<i64>> {
        let withheld = cells(counts, minimum);
        let places: Vec<usize> = (0..counts.len()).filter(|at| withheld[*at]).collect();
        let rest = places.iter().map(|at| counts[*at]).sum();
        let mut found = Vec::new();
        spread(rest, places.len(), &mut found, &mut Vec::new());
        let tables = found.into_iter().map(|values| {
            let mut table = counts.to_vec();
            for (at, value) in places.iter().zip(values) {
                table[*at] = value;
            }
            table
        });
        tables.filter(|table| cells(table, minimum) == withheld).collect()
    }

    fn tables() -> impl Strategy<Value = (Vec<i64>, i64)> {
        (3..=4usize, 2..=5i64)
            .prop_flat_map(|(k, minimum)| (prop::collection::vec(0..=9i64, k), Just(minimum)))
    }

    proptest! {
        #[test]
        fn a_withheld_count_or_sum_cannot_be_computed_even_when_the_rule_is_known(
            ((counts, minimum), scores) in (tables(), prop::collection::vec(1..=4i64, 36))
        ) {
            let withheld = cells(&counts, minimum);
            prop_assume!(withheld.contains(&true));
            let mut scores = scores.into_iter();
            let sums: Vec<i64> = counts.iter().map(|n| scores.by_ref().take(*n as usize).sum()).collect();
            let rest_sum: i64 = sums.iter().zip(&withheld).filter(|(_, w)| **w).map(|(s, _)| s).sum();
            let rest: i64 = counts.iter().zip(&withheld).filter(|(_, w)| **w).map(|(n, _)| n).sum();
            let tables = lookalikes(&counts, minimum);
            prop_assert!(tables.contains(&counts));
            for at in (0..counts.len()).filter(|at| withheld[*at]) {
                let values: BTreeSet<i64> = tables.iter().map(|t| t[at]).collect();
                prop_assert!(values.len() > 1, "cell {at} of {counts:?} can be computed");
                let possible: BTreeSet<i64> = values
                    .iter()
                    .flat_map(|n| {
                        let others = rest - n;
                        (*n).max(rest_sum - 4 * others)..=(4 * n).min(rest_sum - others)
                    })
                    .collect();
                prop_assert!(possible.contains(&sums[at]));
                prop_assert!(possible.len() > 1, "the sum of cell {at} of {counts:?} with {sums:?} can be computed");
            }
        }

        #[test]
        fn withheld_cells_are_enough_or_all(counts in prop::collection::vec(0..60i64, 0..12), minimum in 0..9i64) {
            let withheld = cells(&counts, minimum);
            let hidden: Vec<i64> = counts.iter().zip(&withheld).filter(|(_, w)| **w).map(|(n, _)| *n).collect();
            let small = counts.iter().filter(|n| 0 < **n && **n < minimum).count();
            prop_assert_eq!(hidden.is_empty(), small == 0);
            prop_assert!(counts.iter().zip(&withheld).all(|(n, w)| *w || *n == 0 || *n >= minimum));
            if !hidden.is_empty() && hidden.len() < counts.len() {
                prop_assert!(hidden.len() >= 2);
                prop_assert!(hidden.iter().sum::<i64>() >= minimum);
            }
        }

        #[test]
        fn withheld_cells_of_an_element_are_enough_or_all(
            rows in prop::collection::vec((0..30i64, prop::bool::weighted(0.2)), 0..9),
            minimum in 0..9i64,
        ) {
            let (counts, given): (Vec<i64>, Vec<bool>) = rows.into_iter().unzip();
            let withheld = answers(&counts, &given, minimum);
            prop_assert!(given.iter().zip(&withheld).all(|(g, w)| *w || !g), "given cells stay withheld");
            prop_assert!(counts.iter().zip(&withheld).all(|(n, w)| *w || *n == 0 || *n >= minimum));
            let hidden: Vec<i64> = counts.iter().zip(&withheld).filter(|(_, w)| **w).map(|(n, _)| *n).collect();
            let seen = counts.iter().zip(&withheld).any(|(n, w)| !w && *n > 0);
            let sum: i64 = hidden.iter().sum();
            prop_assert!(sum == 0 || !seen || (hidden.len() >= 2 && sum >= minimum));
        }
    }
}
