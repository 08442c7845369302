//! JSON in its canonical form, RFC 8785 (JCS): members ordered by the UTF-16 units of their keys, no white space, the shortest
//! escapes. Any language has what is needed to make it again. Of numbers only integers that every reader of JSON keeps exactly are
//! admitted, so decimals are texts.

use serde_json::{Map, Value};

/// Members of an object of JSON.
pub type Object = Map<String, Value>;

/// Greatest integer that a number of JSON keeps exactly everywhere: 2^53 - 1.
const EXACT: i64 = (1 << 53) - 1;

/// The canonical text of an object; `None` when it contains a fraction or an integer beyond 2^53 - 1.
pub fn write(object: &Object) -> Option<String> {
    let mut text = String::new();
    append_object(object, &mut text)?;
    Some(text)
}

/// The object of a canonical text; `None` when the text is not an object in exactly this form.
pub fn read(text: &str) -> Option<Object> {
    let object: Object = serde_json::from_str(text).ok()?;
    (write(&object)? == text).then_some(object)
}

/// The text with this key; empty when the object has none.
pub fn text<'a>(object: &'a Object, key: &str) -> &'a str {
    object.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The integer with this key; 0 when the object has none.
pub fn integer(object: &Object, key: &str) -> i64 {
    object.get(key).and_then(Value::as_i64).unwrap_or_default()
}

fn append_object(object: &Object, to: &mut String) -> Option<()> {
    let mut members: Vec<_> = object.iter().collect();
    members.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
    to.push('{');
    for (n, (key, value)) in members.into_iter().enumerate() {
        if n > 0 {
            to.push(',');
        }
        append_text(key, to)?;
        to.push(':');
        append(value, to)?;
    }
    to.push('}');
    Some(())
}

fn append(value: &Value, to: &mut String) -> Option<()> {
    match value {
        Value::Object(object) => append_object(object, to)?,
        Value::Array(list) => {
            to.push('[');
            for (n, value) in list.iter().enumerate() {
                if n > 0 {
                    to.push(',');
                }
                append(value, to)?;
            }
            to.push(']');
        }
        Value::String(text) => append_text(text, to)?,
        Value::Number(number) => {
            let number = number.as_i64().filter(|n| (-EXACT..=EXACT).contains(n))?;
            to.push_str(&number.to_string());
        }
        Value::Bool(true) => to.push_str("true"),
        Value::Bool(false) => to.push_str("false"),
        Value::Null => to.push_str("null"),
    }
    Some(())
}

/// serde_json escapes as RFC 8785 asks: the short forms where there are any, `\u00xx` in lower case for other controls.
fn append_text(text: &str, to: &mut String) -> Option<()> {
    to.push_str(&serde_json::to_string(text).ok()?);
    Some(())
}
