//! Parses names and contacts of reporters and askers.

use prima_platform::{
    failure::Violation,
    request::{Faults, optional, text},
    unicode,
};
use prima_proto::complaint::v1;

use crate::store::sealed::Identity;

/// Words that people write next to a telephone number: how it can be reached, and whose it is.
const BESIDE: [&str; 18] = [
    "wa",
    "whatsapp",
    "whatsap",
    "telegram",
    "sms",
    "hp",
    "handphone",
    "ponsel",
    "telp",
    "tlp",
    "telpon",
    "telepon",
    "tel",
    "no",
    "nomor",
    "kantor",
    "rumah",
    "aktif",
];

/// A telephone number without the words next to it, as in `0812-3456-7890 (WA)`; unchanged when it contains a word that
/// is not in the list.
fn without_words(raw: &str) -> String {
    let words = raw
        .split(|c: char| !c.is_alphabetic())
        .filter(|word| !word.is_empty());
    if !words
        .clone()
        .all(|word| BESIDE.contains(&word.to_lowercase().as_str()))
        || words.clone().next().is_none()
    {
        return raw.to_owned();
    }
    let number: String = raw
        .chars()
        .map(|c| if c.is_alphabetic() { ' ' } else { c })
        .collect();
    // Remove punctuation that belonged to the words, as in (WA/Telp) or HP:, at both ends only: between digits it may
    // separate two numbers.
    let edge =
        |c: char| c.is_whitespace() || matches!(c, ':' | '/' | ',' | ';' | '&' | '(' | ')' | '.' | '-');
    let end = number.trim_end_matches(edge);
    end.trim_start_matches(|c: char| edge(c) && c != '(').to_owned()
}

/// A telephone number in the form that is stored: `+`, country code and digits. A leading `0` is taken as Indonesian.
///
/// # Errors
///
/// The number contains other characters, or fewer than 8 or more than 15 digits.
pub fn phone(field: &str, raw: &str) -> Result<String, Violation> {
    let plain: String = without_words(raw)
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '-' | '.' | '(' | ')') && !unicode::is_invisible(*c))
        .collect();
    // `00` is the prefix of international calls. The `0` after Indonesia's country code 62 belongs to domestic calls
    // only.
    let plain = plain
        .strip_prefix("00")
        .map_or(plain.clone(), |rest| format!("+{rest}"));
    let plain = plain
        .strip_prefix("+620")
        .map_or(plain.clone(), |rest| format!("+62{rest}"));
    let digits = plain.strip_prefix('+').unwrap_or(&plain);
    let fits = (8..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    if !fits {
        return Err(Violation::new(
            field,
            "must be a telephone number of 8 to 15 digits",
            "harus nomor telepon dengan 8 sampai 15 angka",
        ));
    }
    let country = |rest: &str| format!("+62{rest}");
    Ok(match (plain.starts_with('+'), digits.strip_prefix('0')) {
        (false, Some(rest)) => country(rest),
        (false, None) if !digits.starts_with("62") => country(digits),
        _ => format!("+{digits}"),
    })
}

/// An e-mail address in the form that is stored: lower case.
///
/// # Errors
///
/// The text is no e-mail address, or longer than 254 characters.
pub fn email(field: &str, raw: &str) -> Result<String, Violation> {
    let plain = raw.trim().to_lowercase();
    let fits = plain.split_once('@').is_some_and(|(local, host)| {
        !local.is_empty()
            && host.contains('.')
            && !host.contains('@')
            && !host.starts_with('.')
            && !host.ends_with('.')
    });
    let clean = plain.len() <= 254 && !plain.chars().any(|c| c.is_whitespace() || c.is_control());
    if fits && clean && unicode::faults(&plain).is_empty() {
        return Ok(plain);
    }
    Err(Violation::new(
        field,
        "must be an e-mail address",
        "harus alamat surel",
    ))
}

/// Parses a reporter or asker, who must have a name of at least `least` characters and a telephone number or e-mail
/// address.
pub fn identity(field: &str, raw: v1::Reporter, least: usize, faults: &mut Faults) -> Identity {
    let at = |part: &str| format!("{field}.{part}");
    let number: String = raw.identity_number.chars().filter(|c| *c != ' ').collect();
    let is_number = number.len() == 16 && number.bytes().all(|b| b.is_ascii_digit());
    if !number.is_empty() && !is_number {
        faults.add(at("identity_number"), "must be 16 digits", "NIK harus 16 angka");
    }
    if raw.phone.is_empty() && raw.email.is_empty() {
        faults.add(
            at("phone"),
            "a telephone number or an e-mail address is required",
            "Isi nomor telepon atau alamat surel",
        );
    }
    Identity {
        display_name: faults.or_default(text::name(&at("display_name"), &raw.display_name, least, 200)),
        identity_number: number,
        phone: faults
            .or_default(optional(&raw.phone, |raw| phone(&at("phone"), raw)))
            .unwrap_or_default(),
        email: faults
            .or_default(optional(&raw.email, |raw| email(&at("email"), raw)))
            .unwrap_or_default(),
        address: faults.or_default(text::lines(&at("address"), &raw.address, 0, 500)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_telephone_number_is_normalised() {
        for raw in [
            "0812-3456-789",
            "812 3456 789",
            "+62 812 3456 789",
            "0062 812 3456 789",
            "+62 0812 3456 789",
            "62812.3456.789",
            "0812-3456-789 (WA)",
            "WA 0812 3456 789",
            "HP/WA: 0812-3456-789",
            "0812\u{a0}3456 789 (telp. / whatsapp)",
            "(WA) 0812 3456 789",
        ] {
            assert_eq!(phone("f", raw).unwrap(), "+628123456789", "{raw}");
        }
        assert_eq!(phone("f", "+65 6123 4567").unwrap(), "+6561234567");
        for raw in [
            "",
            "0812",
            "0812345678901234",
            "0812a345678",
            "(021",
            "0812 3456 789 (Budi)",
            "0812 3456 / 0813 3456",
            "0812 34 WA / 0813 34 WA",
            "WA",
        ] {
            assert_eq!(phone("f", raw).unwrap_err().field, "f", "{raw}");
        }
    }

    #[test]
    fn an_e_mail_address_is_lower_cased() {
        assert_eq!(email("f", " Budi@Bogor.Example ").unwrap(), "budi@bogor.example");
        for raw in [
            "",
            "budi",
            "@bogor.example",
            "budi@bogor",
            "a@b@c.id",
            "budi@.id",
            "bu di@bogor.id",
        ] {
            assert_eq!(email("f", raw).unwrap_err().field, "f", "{raw}");
        }
    }
}
