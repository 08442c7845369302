//! Compares texts that people write, without regard to case, spaces and punctuation.

/// The words of a text, lower case: runs of letters and digits.
pub(super) fn words(text: &str) -> Vec<String> {
    text.to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The letters and digits of a text, lower case.
pub(super) fn squash(text: &str) -> String {
    words(text).concat()
}

/// Whether two texts have the same letters and digits.
pub(super) fn same(one: &str, other: &str) -> bool {
    squash(one) == squash(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_spaces_and_punctuation_do_not_count() {
        assert!(same(" Sangat  SESUAI. ", "sangat sesuai"));
        assert!(same("Biaya/Tarif", "biaya tarif"));
        assert!(!same("Sesuai", "Tidak sesuai"));
        assert_eq!(
            words("1. Jenis-Kelamin (L/P)"),
            ["1", "jenis", "kelamin", "l", "p"]
        );
    }
}
