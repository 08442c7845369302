//! Splits a line of delimited text into cells.

use csv::StringRecord;

/// Whether the quotes of a text are balanced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quotes {
    /// Every quote that opens a cell closes it.
    Closed,
    /// The last cell is still open: the row continues on the next line.
    Open,
    /// There is text between the closing quote of a cell and the delimiter.
    Broken,
}

/// How quotes are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// A quote within a quoted cell is doubled.
    Strict,
    /// A quote within a quoted cell closes the cell only in front of a delimiter.
    Lenient,
    /// A quote is an ordinary character.
    Literal,
}

/// Splits a text into `cells`. A cell that begins with a quote, after optional spaces, may contain delimiters and line
/// breaks.
pub(crate) fn split(text: &str, delimiter: u8, rule: Rule, cells: &mut StringRecord) -> Quotes {
    cells.clear();
    let mut cell = String::new();
    let mut rest = text;
    loop {
        let lead = rest.trim_start_matches(' ');
        if rule != Rule::Literal
            && let Some(quoted) = lead.strip_prefix('"')
        {
            cell.clear();
            match unquote(quoted, delimiter, rule, &mut cell) {
                Ok(after) => rest = after,
                Err(quotes) => {
                    cells.push_field(&cell);
                    return quotes;
                }
            }
            cells.push_field(&cell);
            match rest.as_bytes().first() {
                None => return Quotes::Closed,
                Some(_) => rest = rest.get(1..).unwrap_or_default(),
            }
            continue;
        }
        match rest.bytes().position(|byte| byte == delimiter) {
            Some(end) => {
                cells.push_field(rest.get(..end).unwrap_or_default());
                rest = rest.get(end + 1..).unwrap_or_default();
            }
            None => {
                cells.push_field(rest);
                return Quotes::Closed;
            }
        }
    }
}

/// Reads a quoted cell up to its closing quote; returns the rest, which begins with a delimiter or is empty.
fn unquote<'a>(text: &'a str, delimiter: u8, rule: Rule, cell: &mut String) -> Result<&'a str, Quotes> {
    let mut rest = text;
    loop {
        let Some(quote) = rest.find('"') else {
            cell.push_str(rest);
            return Err(Quotes::Open);
        };
        cell.push_str(rest.get(..quote).unwrap_or_default());
        let after = rest.get(quote + 1..).unwrap_or_default();
        if let Some(doubled) = after.strip_prefix('"') {
            cell.push('"');
            rest = doubled;
            continue;
        }
        let spaced = after.trim_start_matches(' ');
        if spaced.is_empty() || spaced.as_bytes().first() == Some(&delimiter) {
            return Ok(spaced);
        }
        if rule == Rule::Strict {
            return Err(Quotes::Broken);
        }
        cell.push('"');
        rest = after;
    }
}

/// The number of cells of a line when quotes are read as ordinary characters.
pub(crate) fn literal_cells(line: &str, delimiter: u8) -> usize {
    line.bytes().filter(|byte| *byte == delimiter).count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(text: &str, rule: Rule) -> (Vec<String>, Quotes) {
        let mut cells = StringRecord::new();
        let quotes = split(text, b',', rule, &mut cells);
        (cells.iter().map(str::to_owned).collect(), quotes)
    }

    #[test]
    fn quoted_cells_may_contain_delimiters_and_doubled_quotes() {
        for (text, expected, quotes) in [
            ("a,b", vec!["a", "b"], Quotes::Closed),
            ("", vec![""], Quotes::Closed),
            ("a,", vec!["a", ""], Quotes::Closed),
            ("\"a,b\",c", vec!["a,b", "c"], Quotes::Closed),
            ("a, \"b\" ,c", vec!["a", "b", "c"], Quotes::Closed),
            ("\"a\"\"b\"", vec!["a\"b"], Quotes::Closed),
            ("5\" pipa,b", vec!["5\" pipa", "b"], Quotes::Closed),
            ("\"a\nb\",c", vec!["a\nb", "c"], Quotes::Closed),
            ("a,\"b", vec!["a", "b"], Quotes::Open),
            ("\"a \"b\" c\",d", vec!["a "], Quotes::Broken),
        ] {
            let expected: Vec<String> = expected.into_iter().map(str::to_owned).collect();
            assert_eq!(cells(text, Rule::Strict), (expected, quotes), "{text}");
        }
    }

    #[test]
    fn a_quote_that_was_not_doubled_is_read_when_no_delimiter_follows() {
        let (read, quotes) = cells("\"a \"b\" c\",d", Rule::Lenient);
        assert_eq!(
            (read.join("|"), quotes),
            ("a \"b\" c|d".to_owned(), Quotes::Closed)
        );
    }
}
