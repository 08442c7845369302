//! Tracking codes and secrets: random letters and digits that say nothing, in the alphabet of Crockford's base 32, which
//! leaves out what people mistake for something else.

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Characters of a tracking code: 100 bits, which nobody guesses.
pub const TRACKING: usize = 20;
/// Characters of a secret: 50 bits, of use only with the tracking code.
pub const SECRET: usize = 10;
const GROUP: usize = 5;

/// A code of as many characters as there are random bytes; each byte gives five bits.
pub fn code(random: &[u8]) -> String {
    let letters = random
        .iter()
        .filter_map(|byte| ALPHABET.get(usize::from(byte % 32)));
    letters.map(|letter| char::from(*letter)).collect()
}

/// A code as people read it, in groups of five.
pub fn grouped(code: &str) -> String {
    let letters: Vec<char> = code.chars().collect();
    let groups: Vec<String> = letters
        .chunks(GROUP)
        .map(|group| group.iter().collect())
        .collect();
    groups.join("-")
}

/// A code as somebody wrote it, of `length` characters: case, spaces and hyphens do not matter, and letters that look
/// like digits are read as such. `None` when it is no code.
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
    fn what_looks_like_a_digit_is_read_as_one() {
        assert_eq!(read("oil01-abcde", SECRET), Some("01101ABCDE".to_owned()));
        for text in ["", "0123", "01234567890", "01234-5678U", "01234-5678é"] {
            assert_eq!(read(text, SECRET), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_code_is_read_as_it_was_grouped(random in proptest::collection::vec(any::<u8>(), TRACKING)) {
            let made = code(&random);
            prop_assert_eq!(made.len(), TRACKING);
            prop_assert_eq!(read(&grouped(&made), TRACKING), Some(made.clone()));
            prop_assert_eq!(read(&made.to_lowercase(), TRACKING), Some(made));
        }
    }
}
