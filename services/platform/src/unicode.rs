//! Characters that make a text look like another one, by the rules of UTS 39 (Unicode Security Mechanisms): what can't be
//! seen, what changes the direction of writing, and letters that look like those of another script. Names refuse them, free
//! texts lose those that rearrange what stands around them, and a search folds them.
//!
//! Names in Indonesia are written in Latin letters and, beside them, in Javanese, Balinese, Arabic (Jawi, Pegon) and other
//! scripts. So a name may have words of several scripts; it is a single word that may not.

use std::fmt::{self, Display, Formatter};

use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};
use unicode_script::{Script, UnicodeScript};
use unicode_security::{GeneralSecurityProfile, MixedScript, skeleton};

/// How many characters a fault names at most.
const NAMED_MAX: usize = 5;

/// Scripts in which names in Indonesia are written beside Latin. A word of these is never taken for a Latin one, although an
/// Arabic heh looks like an `o`.
const BESIDE_LATIN: [Script; 14] = [
    Script::Arabic,
    Script::Balinese,
    Script::Batak,
    Script::Buginese,
    Script::Devanagari,
    Script::Han,
    Script::Hangul,
    Script::Hiragana,
    Script::Javanese,
    Script::Katakana,
    Script::Kawi,
    Script::Makasar,
    Script::Rejang,
    Script::Sundanese,
];

/// What is wrong with a name. The characters are named by their code points, because they can't be told apart by looking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Characters that can't be seen, or that change the direction of writing.
    Invisible(Vec<char>),
    /// Characters that Unicode does not define: unassigned and private ones.
    Undefined(Vec<char>),
    /// Letters that look like those of another script.
    LookAlike(Vec<char>),
}

impl Fault {
    /// What the text must fulfil, in English and Indonesian.
    pub fn messages(&self) -> [String; 2] {
        let (named, english, indonesian) = match self {
            Self::Invisible(named) => (
                named,
                "without characters that are invisible or change the direction of writing",
                "tanpa karakter yang tidak terlihat atau mengubah arah tulisan",
            ),
            Self::Undefined(named) => (
                named,
                "without characters that Unicode does not define",
                "tanpa karakter yang tidak ditetapkan Unicode",
            ),
            Self::LookAlike(named) => (
                named,
                "without letters of one script that look like those of another",
                "tanpa huruf yang menyerupai huruf aksara lain",
            ),
        };
        let named = CodePoints(named);
        [format!("{english} ({named})"), format!("{indonesian} ({named})")]
    }
}

/// Code points such as `U+200B, U+202E`.
struct CodePoints<'a>(&'a [char]);

impl Display for CodePoints<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (n, c) in self.0.iter().enumerate() {
            let comma = if n == 0 { "" } else { ", " };
            write!(f, "{comma}U+{:04X}", u32::from(*c))?;
        }
        Ok(())
    }
}

/// Whether a character has no shape of its own: a default ignorable one, such as a zero-width space or joiner, a direction
/// mark, a soft hyphen or a filler, any other format character, or the blank of Braille.
pub fn is_invisible(c: char) -> bool {
    !c.is_ascii()
        && (c == '\u{2800}'
            || c.general_category() == GeneralCategory::Format
            // A skeleton leaves out what is default ignorable.
            || skeleton(c.encode_utf8(&mut [0; 4])).next().is_none())
}

/// Whether a character rearranges or annotates the text around it: embeddings, overrides and isolates of the bidirectional
/// algorithm, annotations, deprecated format controls, and the invisible tags in which another text can be hidden. The
/// direction marks, which writers of Arabic need, are not among them, nor are joiners, which are part of letters and emoji.
fn rearranges(c: char) -> bool {
    matches!(c,
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{206f}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn is_undefined(c: char) -> bool {
    let category = c.general_category();
    matches!(
        category,
        GeneralCategory::Unassigned | GeneralCategory::PrivateUse
    )
}

fn is_mark(c: char) -> bool {
    c.general_category_group() == GeneralCategoryGroup::Mark
}

/// The words of a text: runs of letters and digits, with the marks on them.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && !is_mark(c))
        .filter(|word| !word.is_empty())
}

/// A free text in composed form, without what rearranges the text around it. What remains is as its author wrote it.
pub fn free(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    text.chars().filter(|c| !rearranges(*c)).nfc().collect()
}

/// A name in composed form, with plain spaces.
pub fn name(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let space = |c: char| match c.general_category() {
        GeneralCategory::SpaceSeparator => ' ',
        _ => c,
    };
    text.nfc().map(space).collect()
}

/// Whether a text has no control characters and no letters that a name refuses.
pub fn is_plain(name: &str) -> bool {
    !name.chars().any(char::is_control) && faults(name).is_empty()
}

/// What is wrong with a name, besides control characters.
pub fn faults(name: &str) -> Vec<Fault> {
    if name.is_ascii() {
        return Vec::new();
    }
    let distinct = |found: &mut dyn Iterator<Item = char>| {
        let mut named: Vec<char> = Vec::new();
        for c in found {
            if named.len() < NAMED_MAX && !named.contains(&c) {
                named.push(c);
            }
        }
        named
    };
    let lines = |c: char| matches!(c, '\u{2028}' | '\u{2029}');
    let invisible = distinct(&mut name.chars().filter(|c| is_invisible(*c) || lines(*c)));
    let undefined = distinct(&mut name.chars().filter(|c| is_undefined(*c)));
    let look_alike = distinct(&mut words(name).filter_map(look_alike));
    let all = [
        Fault::Invisible(invisible),
        Fault::Undefined(undefined),
        Fault::LookAlike(look_alike),
    ];
    let any = |fault: &Fault| match fault {
        Fault::Invisible(named) | Fault::Undefined(named) | Fault::LookAlike(named) => !named.is_empty(),
    };
    all.into_iter().filter(any).collect()
}

/// A letter by which a word looks like another one: a letter of another form, such as a mathematical or a wide one; the first
/// that is not Latin in a word of several scripts; the first of a word that looks wholly Latin, without being it.
fn look_alike(word: &str) -> Option<char> {
    if word.is_ascii() {
        return None;
    }
    let disguised = |c: &char| {
        let cased = matches!(
            c.general_category(),
            GeneralCategory::UppercaseLetter | GeneralCategory::LowercaseLetter
        );
        *c > '\u{ff}'
            && cased
            && matches!(c.script(), Script::Latin | Script::Common)
            && !c.identifier_allowed()
    };
    if let Some(c) = word.chars().find(disguised) {
        return Some(c);
    }
    let foreign = |c: &char| !matches!(c.script(), Script::Latin | Script::Common | Script::Inherited);
    if !word.is_single_script() {
        return word
            .chars()
            .find(foreign)
            .or_else(|| word.chars().find(|c| !c.is_ascii()));
    }
    let first = word.chars().find(foreign)?;
    folded_word(word).is_some().then_some(first)
}

/// A text for comparing and searching: in lower case, without invisible characters, with letters in their plain form. A word
/// that looks like a Latin one, whole or in part, becomes that Latin word, without diacritics. ASCII is only put in lower
/// case.
pub fn folded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let plain: String = text.chars().filter(|c| !is_invisible(*c)).nfkc().collect();
    let mut folded = String::with_capacity(plain.len());
    let mut rest = plain.as_str();
    while !rest.is_empty() {
        let word_end = |c: char| !c.is_alphanumeric() && !is_mark(c);
        let (word, after) = rest.split_at(rest.find(word_end).unwrap_or(rest.len()));
        match folded_word(word) {
            Some(latin) => folded.push_str(&latin),
            None => folded.push_str(&word.to_lowercase()),
        }
        let next = after.find(|c| !word_end(c)).unwrap_or(after.len());
        let (between, next) = after.split_at(next);
        folded.push_str(between);
        rest = next;
    }
    folded
}

/// The Latin word that a word looks like, in lower case; `None` when it looks like none.
fn folded_word(word: &str) -> Option<String> {
    let scripts = |wanted: &[Script]| word.chars().any(|c| wanted.contains(&c.script()));
    if scripts(&BESIDE_LATIN) && !scripts(&[Script::Latin]) {
        return None;
    }
    let mut latin = String::with_capacity(word.len());
    for c in word.nfd() {
        if c.is_ascii() {
            latin.push(c.to_ascii_lowercase());
        } else if !is_mark(c) {
            latin.push_str(&prototype(c)?);
        } else if latin.is_empty() {
            return None;
        }
    }
    Some(latin)
}

/// The ASCII letters and digits that a character looks like, in lower case.
fn prototype(c: char) -> Option<String> {
    let looks: String = skeleton(c.encode_utf8(&mut [0; 4]))
        .filter(|c| !is_mark(*c))
        .collect();
    let ascii = !looks.is_empty() && looks.bytes().all(|b| b.is_ascii_alphanumeric());
    match looks.as_str() {
        _ if !ascii => None,
        // The skeleton of an m is `rn`, and that of a capital I is an l.
        "rn" => Some("m".to_owned()),
        "l" if c.is_uppercase() => Some("i".to_owned()),
        _ => Some(looks.to_ascii_lowercase()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn named(fault: &[Fault]) -> Vec<String> {
        fault.iter().map(|fault| fault.messages()[0].clone()).collect()
    }

    #[test]
    fn honest_names_of_every_script_are_accepted() {
        for text in [
            "Dinas Penanaman Modal & PTSP (Kota Bogor) – Loket 2²",
            "Kantor Désa Çelukan, Ñgawi; Café “Rakyat” 36º C",
            "Dinas Pariwisata ꦢꦶꦤꦱ꧀ꦥꦫꦶꦮꦶꦱꦠ",
            "ᬤᬶᬦᬲ᭄ᬓᬾᬲᬾᬳᬢᬦ᭄ Kesehatan",
            "Masjid Agung مسجد ٢٠٢٤",
            "اه",
            "Kelenteng 关帝庙",
            "찌아찌아 Baubau",
            "ᨔᨘᨒᨕᨙᨔᨗ",
            "Al-Qur’an, Al-Qurʾan dan Ma'arif",
            "Привет",
            "Sapa Warga 📱",
        ] {
            assert_eq!(faults(text), [], "{text}");
            assert_eq!(name(text), text);
        }
    }

    #[test]
    fn what_can_not_be_seen_is_refused_in_a_name() {
        for c in [
            '\u{ad}',
            '\u{34f}',
            '\u{61c}',
            '\u{115f}',
            '\u{17b4}',
            '\u{180e}',
            '\u{200b}',
            '\u{200c}',
            '\u{200d}',
            '\u{200e}',
            '\u{200f}',
            '\u{202a}',
            '\u{202e}',
            '\u{2060}',
            '\u{2066}',
            '\u{2069}',
            '\u{206a}',
            '\u{2800}',
            '\u{3164}',
            '\u{fe0f}',
            '\u{feff}',
            '\u{ffa0}',
            '\u{fff9}',
            '\u{1d173}',
            '\u{e0041}',
            '\u{e0100}',
        ] {
            let text = format!("Di{c}nas");
            assert!(faults(&text).contains(&Fault::Invisible(vec![c])), "{c:?}");
        }
        assert_eq!(faults("a\u{2028}b"), [Fault::Invisible(vec!['\u{2028}'])]);
        for c in ['\u{e000}', '\u{378}', '\u{ffff}', '\u{10ffff}'] {
            assert_eq!(faults(&format!("a {c}")), [Fault::Undefined(vec![c])]);
        }
    }

    #[test]
    fn letters_that_look_like_others_are_refused_in_a_name() {
        for (text, letter) in [
            ("Dinаs", 'а'),   // a Cyrillic a
            ("Kοta", 'ο'),    // a Greek omicron
            ("Сосо", 'С'),    // Cyrillic letters only, which look like Coco
            ("ΑΒΟΝ", 'Α'),    // Greek letters only
            ("ꓓꓲꓠꓮꓢ", 'ꓓ'),   // Lisu letters only
            ("𝐃inas", '𝐃'),   // mathematical
            ("Ｄinas", 'Ｄ'), // wide
            ("ɑgung", 'ɑ'),   // a phonetic letter of the Latin script
            ("Kهta", 'ه'),    // an Arabic heh in a Latin word
            ("оne kota", 'о'),
        ] {
            assert_eq!(faults(text), [Fault::LookAlike(vec![letter])], "{text}");
        }
        let all = faults("D\u{200b}in\u{430}s \u{e000}");
        assert_eq!(
            named(&all),
            [
                "without characters that are invisible or change the direction of writing (U+200B)",
                "without characters that Unicode does not define (U+E000)",
                "without letters of one script that look like those of another (U+0430)",
            ]
        );
    }

    #[test]
    fn a_free_text_keeps_what_people_write_and_loses_what_rearranges_it() {
        for text in [
            "Antre 3 jam 😡 👨‍👩‍👧 ❤️ sekali",
            "می\u{200c}خواهم \u{200f}(ok)",
            "ꦱꦸꦒꦼꦁ\u{200b}ꦫꦮꦸꦃ",
            "Сара kota 𝐛agus",
            "baris\u{ad}baru",
        ] {
            assert_eq!(free(text), text);
        }
        assert_eq!(free("+62\u{202a}812\u{202c} e\u{301}"), "+62812 é");
        assert_eq!(free("a\u{202e}b\u{2066}c\u{2069}\u{e0041}\u{fff9}"), "abc");
    }

    #[test]
    fn look_alikes_and_invisible_characters_are_folded() {
        for (text, plain) in [
            ("Si Pandu-2 DESA", "si pandu-2 desa"),
            ("S\u{200b}i P\u{ad}andu", "si pandu"),
            ("Ѕі Раոdu", "si pandu"),
            ("НАRI СЕРАТ", "hari cepat"),
            ("𝐌uda ｍuda", "muda muda"),
            ("Café Çelukan łódź", "cafe celukan lodz"),
            ("ﬁle ﬂ", "file fl"),
            ("Привет كتاب ꦱꦸꦒ", "привет كتاب ꦱꦸꦒ"),
        ] {
            assert_eq!(folded(text), plain, "{text}");
        }
    }

    proptest! {
        #[test]
        fn ascii_is_only_put_in_lower_case(text in "[ -~]{0,40}") {
            prop_assert_eq!(folded(&text), text.to_lowercase());
            prop_assert_eq!(folded(&format!("{text}\u{200b}")), text.to_lowercase());
            prop_assert!(faults(&text).is_empty());
        }

        #[test]
        fn what_is_kept_stays_as_it_is(text in "\\PC{0,40}") {
            let kept = free(&text);
            prop_assert_eq!(free(&kept), kept.clone());
            let named = name(&text);
            prop_assert_eq!(name(&named), named.clone());
            let _ = faults(&text);
            let once = folded(&text);
            prop_assert!(once.chars().all(|c| !is_invisible(c)));
        }
    }
}
