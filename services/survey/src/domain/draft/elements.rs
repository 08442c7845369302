//! The elements of a new survey: those of the instrument and the unit's own, each with a code.

use std::collections::BTreeSet;

use prima_platform::request::{Faults, shown, text::Text};

use crate::domain::asked::{Asked, OWN_PREFIX, OwnElement};
use crate::domain::instrument::{Element, Instrument};

const CODE_MAX: usize = 16;
const OWN_KEY_MAX: usize = 40;
const OWN_NAME_MAX: usize = 200;
const OWN_QUESTION_MAX: usize = 500;
const OWN_ANSWER_MAX: usize = 200;
/// Most elements of a survey. No questionnaire has as many; the limit bounds the size of a response.
const ELEMENTS_MAX: usize = 100;

/// The given elements with their codes filled in; all elements of the instrument when none are given.
pub(super) fn asked(given: Vec<Asked>, instrument: Option<&Instrument>, faults: &mut Faults) -> Vec<Asked> {
    if given.is_empty() {
        return instrument
            .map(|i| i.elements.iter().map(ask).collect())
            .unwrap_or_default();
    }
    check_list(&given, instrument, faults);
    let mut codes = Codes::new(&given, instrument);
    let mut seen = BTreeSet::new();
    let mut asked = Vec::with_capacity(given.len());
    for (at, element) in given.into_iter().enumerate() {
        let path = format!("survey.elements[{at}]");
        let key = shown(&element.key);
        let own = element.key.starts_with(OWN_PREFIX);
        let known = instrument.and_then(|i| i.element(&element.key));
        let first = seen.insert(element.key.clone());
        if !first {
            faults.add(
                format!("{path}.key"),
                format!("`{key}` is asked more than once"),
                format!("Unsur `{key}` ditanyakan lebih dari sekali"),
            );
        } else if let (Some(instrument), true) = (instrument, own) {
            check_own(&path, &element, instrument, faults);
        } else if let (None, Some(instrument)) = (known, instrument) {
            faults.add(
                format!("{path}.key"),
                format!("`{key}` is not an element of {}", instrument.id),
                format!("Unsur `{key}` tidak ada dalam instrumen {}", instrument.id),
            );
        }
        let code = codes.take(&path, &element, known, first, faults);
        asked.push(Asked {
            code,
            // The definition of an element of the instrument cannot be overridden.
            own: element.own.filter(|_| own),
            ..element
        });
    }
    asked
}

fn ask(element: &Element) -> Asked {
    Asked {
        key: element.key.clone(),
        code: element.code.clone(),
        ..Asked::default()
    }
}

/// Checks the list as a whole.
fn check_list(given: &[Asked], instrument: Option<&Instrument>, faults: &mut Faults) {
    let field = "survey.elements";
    if given.len() > ELEMENTS_MAX {
        faults.add(
            field,
            format!("must be at most {ELEMENTS_MAX}"),
            format!("Paling banyak {ELEMENTS_MAX} unsur"),
        );
    }
    if given.iter().all(|a| a.optional) {
        faults.add(
            field,
            "at least one element must not be optional",
            "Paling sedikit satu unsur harus wajib dijawab",
        );
    }
    for aspect in instrument.map(|i| i.aspects.as_slice()).unwrap_or_default() {
        let belongs = |a: &Asked| {
            let element = instrument.and_then(|i| i.element(&a.key));
            element.is_some_and(|e| e.aspect.as_ref() == Some(&aspect.key))
        };
        if !given.iter().any(belongs) {
            faults.add(
                field,
                format!("the aspect {} needs at least one question", aspect.key),
                format!(
                    "Aspek {} harus memuat paling sedikit satu pertanyaan",
                    aspect.name
                ),
            );
        }
    }
}

fn check_own(path: &str, element: &Asked, instrument: &Instrument, faults: &mut Faults) {
    let key = shown(&element.key);
    if !instrument.own_elements {
        faults.add(
            format!("{path}.key"),
            format!("`{key}`: {} takes no elements of the unit's own", instrument.id),
            format!(
                "Unsur `{key}`: instrumen {} tidak menerima unsur tambahan",
                instrument.id
            ),
        );
        return;
    }
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    if !(OWN_PREFIX.len() + 1..=OWN_KEY_MAX).contains(&element.key.len()) || !element.key.bytes().all(allowed)
    {
        faults.add(
            format!("{path}.key"),
            format!("must be `{OWN_PREFIX}` and more of a-z, 0-9 and `_`, at most {OWN_KEY_MAX} characters"),
            format!(
                "Kunci unsur tambahan harus `{OWN_PREFIX}` diikuti a-z, 0-9, atau `_`, \
                 paling panjang {OWN_KEY_MAX} karakter"
            ),
        );
    }
    let none = OwnElement::default();
    let own = element.own.as_ref().unwrap_or(&none);
    let mut text = |field: String, label: &'static str, text: &str, max: usize| {
        faults.take(Text::name(label, 1, max).check(&format!("{path}.{field}"), text));
    };
    text(
        "display_name".into(),
        "Nama unsur tambahan",
        &own.name,
        OWN_NAME_MAX,
    );
    text(
        "question".into(),
        "Pertanyaan unsur tambahan",
        &own.question,
        OWN_QUESTION_MAX,
    );
    let (min, max) = (instrument.min, instrument.max);
    let scores = usize::from(max.saturating_sub(min)) + 1;
    for (n, answer) in own.answers.iter().take(scores).enumerate() {
        text(format!("answers[{n}]"), "Pilihan jawaban", answer, OWN_ANSWER_MAX);
    }
    if own.answers.len() != scores {
        faults.add(
            format!("{path}.answers"),
            format!("must be {scores}, one for each score from {min} to {max}"),
            format!("Pilihan jawaban harus {scores}, satu untuk tiap nilai dari {min} sampai {max}"),
        );
    }
}

/// The codes printed in a survey, each once.
struct Codes {
    /// Codes that the caller or the instrument has given to one of the elements asked.
    reserved: BTreeSet<String>,
    used: BTreeSet<String>,
    next_own: usize,
}

impl Codes {
    fn new(given: &[Asked], instrument: Option<&Instrument>) -> Self {
        let code = |a: &Asked| match a.code.as_str() {
            "" => instrument.and_then(|i| i.element(&a.key)).map(|e| e.code.clone()),
            code => Some(code.to_owned()),
        };
        Self {
            reserved: given.iter().filter_map(code).collect(),
            used: BTreeSet::new(),
            next_own: instrument.map_or(0, |i| i.elements.len()) + 1,
        }
    }

    /// The given code, that of the instrument, or the next free one for the unit's own element.
    fn take(
        &mut self,
        path: &str,
        element: &Asked,
        known: Option<&Element>,
        first: bool,
        faults: &mut Faults,
    ) -> String {
        let sound = Text::name("Kode unsur", 0, CODE_MAX).check(&format!("{path}.code"), &element.code);
        if faults.take(sound).is_none() {
            return element.code.clone();
        }
        let code = match (element.code.as_str(), known) {
            ("", Some(known)) => known.code.clone(),
            ("", None) if element.key.starts_with(OWN_PREFIX) => self.next_own_code(),
            // The key is unknown, which has been reported already.
            ("", None) => return String::new(),
            (code, _) => code.to_owned(),
        };
        // A repeated key is reported in its own field only.
        if first && !self.used.insert(code.clone()) {
            faults.add(
                format!("{path}.code"),
                format!("`{code}` is the code of another element of this survey"),
                format!("Kode `{code}` sudah dipakai unsur lain dalam survei ini"),
            );
        }
        code
    }

    fn next_own_code(&mut self) -> String {
        loop {
            let code = format!("U{}", self.next_own);
            self.next_own += 1;
            if !self.reserved.contains(&code) {
                return code;
            }
        }
    }
}
