//! Tracking codes and secrets: random characters in Crockford's base 32 alphabet, which leaves out letters that are
//! easily mistaken for others.

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Characters of a tracking code: 100 random bits, too many to guess.
pub const TRACKING: usize = 20;
/// Characters of a secret: 50 random bits, which are useful only together with the tracking code.
pub const SECRET: usize = 10;
const GROUP: usize = 5;

/// A code with one character for each random byte; five bits of each byte are used.
pub fn code(random: &[u8]) -> String {
    let letters = random
        .iter()
        .filter_map(|byte| ALPHABET.get(usize::from(byte % 32)));
    letters.map(|letter| char::from(*letter)).collect()
}

/// A code in groups of five characters, as it is shown to people.
pub fn grouped(code: &str) -> String {
    let letters: Vec<char> = code.chars().collect();
    let groups: Vec<String> = letters
        .chunks(GROUP)
        .map(|group| group.iter().collect())
        .collect();
    groups.join("-")
}

/// Reads a code of `length` characters as a person typed it: case, spaces and hyphens are ignored, and letters that
/// look like digits are read as those. `None` when it is malformed.
pub fn read(text: &str, length: usize) -> Option<String> {
    let letter = |c: char| match c.to_ascii_uppercase() {
        'O' => Some('0'),
        'I' | 'L' => Some('1'),
        c if c.is_ascii() && ALPHABET.iter().any(|a| char::from(*a) == c) => Some(c),
        _ => None,
    };
    let written = text.chars().filter(|c| *c != '-' && *c != ' ').take(length + 1);
    let code = written.map(letter).collect::<Option<String>>()?;
    (code.len() == length).then_some(code)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn letters_that_look_like_digits_are_read_as_digits() {
        assert_eq!(read("oil01-abcde", SECRET), Some("01101ABCDE".to_owned()));
        for text in ["", "0123", "01234567890", "01234-5678U", "01234-5678é"] {
            assert_eq!(read(text, SECRET), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_grouped_code_is_read_back(random in proptest::collection::vec(any::<u8>(), TRACKING)) {
            let made = code(&random);
            prop_assert_eq!(made.len(), TRACKING);
            prop_assert_eq!(read(&grouped(&made), TRACKING), Some(made.clone()));
            prop_assert_eq!(read(&made.to_lowercase(), TRACKING), Some(made));
        }
    }
}
