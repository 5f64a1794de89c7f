//! Reads JSON so that no two readers can take it for different facts: no repeated key in an object, no U+0000 in a text, and no
//! number in a field that some readers would round.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::PayloadError;

/// Parses JSON; an error has a pointer under `root`.
pub(super) fn read(root: &str, json: &[u8]) -> Result<Value, PayloadError> {
    let path = RefCell::new(Vec::new());
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let read = Strict(&path).deserialize(&mut deserializer);
    read.and_then(|value| deserializer.end().map(|()| value)).map_err(|error| {
        let pointer =
            path.borrow().iter().rev().fold(root.to_owned(), |pointer, step| format!("{pointer}/{}", escaped(step)));
        PayloadError::invalid(pointer, error.to_string())
    })
}

/// A key as a JSON pointer writes it.
pub(super) fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// The pointer of an error, from the inside out: each level adds its step as the error passes, so that valid input costs nothing.
type Path = RefCell<Vec<String>>;

struct Strict<'p>(&'p Path);

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        without_nul(value)?;
        Ok(value.into())
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        without_nul(&value)?;
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        loop {
            match items.next_element_seed(Strict(self.0)) {
                Ok(Some(item)) => list.push(item),
                Ok(None) => return Ok(Value::Array(list)),
                Err(error) => {
                    self.0.borrow_mut().push(list.len().to_string());
                    return Err(error);
                }
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let here = |error: A::Error| {
                self.0.borrow_mut().push(key.clone());
                error
            };
            without_nul(&key).map_err(here)?;
            if object.contains_key(&key) {
                return Err(here(A::Error::custom(format_args!("the key {key:?} is repeated"))));
            }
            let value = entries.next_value_seed(Strict(self.0)).map_err(here)?;
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

/// Many a store and many a language end a text at U+0000.
fn without_nul<E: Error>(text: &str) -> Result<(), E> {
    if text.contains('\0') { Err(E::custom("a text holds the character U+0000")) } else { Ok(()) }
}

/// Refuses a number that changes when it is read, because it has more digits than a double. Fields are opaque to the rules, so
/// nothing else would notice the change.
pub(super) fn check_numbers(root: &str, json: &[u8]) -> Result<(), PayloadError> {
    let Some(number) = numbers(json).find(|number| !is_kept(number)) else { return Ok(()) };
    let detail = format!("the number {number} has more digits than JSON readers keep: write it as a string");
    Err(PayloadError::invalid(root, detail))
}

/// The numbers of a JSON text.
fn numbers(json: &[u8]) -> impl Iterator<Item = &str> {
    let mut rest = json;
    std::iter::from_fn(move || {
        loop {
            match rest.first()? {
                b'"' => rest = after_string(&rest[1..]),
                b'-' | b'0'..=b'9' => {
                    let in_number = |byte: &u8| matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9');
                    let length = rest.iter().take_while(|byte| in_number(byte)).count();
                    let number = std::str::from_utf8(&rest[..length]).ok()?;
                    rest = &rest[length..];
                    return Some(number);
                }
                _ => rest = &rest[1..],
            }
        }
    })
}

fn after_string(mut rest: &[u8]) -> &[u8] {
    loop {
        match rest {
            [b'\\', _, after @ ..] => rest = after,
            [b'"', after @ ..] => return after,
            [_, after @ ..] => rest = after,
            [] => return rest,
        }
    }
}

fn is_kept(number: &str) -> bool {
    let exact = serde_json::from_str::<Value>(number).ok().and_then(|read| significant(&read.to_string()));
    exact.is_some() && exact == significant(number)
}

/// Sign, digits without zeros at either end, and the power of ten of the last: equal for equal numbers.
fn significant(number: &str) -> Option<(bool, String, i64)> {
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let negative = mantissa.starts_with('-');
    let (integer, fraction) =
        mantissa.trim_start_matches('-').split_once('.').unwrap_or((mantissa.trim_start_matches('-'), ""));
    let digits = format!("{integer}{fraction}");
    let trimmed = digits.trim_end_matches('0');
    let zeros = i64::try_from(digits.len() - trimmed.len()).ok()?;
    let scale = i64::try_from(fraction.len()).ok()?;
    let trimmed = trimmed.trim_start_matches('0');
    if trimmed.is_empty() {
        return Some((false, String::new(), 0));
    }
    let power = exponent.trim_start_matches('+').parse::<i64>().ok()?.checked_sub(scale)?.checked_add(zeros)?;
    Some((negative, trimmed.to_owned(), power))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_reads_as_serde_json_reads_it() {
        for text in
            [r#"{"a":[1,-2,3.5,"x\n",true,null,{"b":{}}],"é":18446744073709551615}"#, "[]", " null ", "1e3", r#""""#]
        {
            let expected: Value = serde_json::from_str(text).unwrap();
            assert_eq!(read("", text.as_bytes()).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn an_error_names_its_place() {
        let error = |text: &str| read("/payload", text.as_bytes()).unwrap_err();
        assert_eq!(error(r#"{"a":[{"b":1},{"b":1,"b":2}]}"#).pointer, "/payload/a/1/b");
        assert!(error(r#"{"a":1,"a":1}"#).detail.contains("\"a\" is repeated"));
        assert_eq!(error(r#"{"x/y":{"~":tru}}"#).pointer, "/payload/x~1y/~0");
        assert_eq!(error(r#"{"a":["b\u0000"]}"#).pointer, "/payload/a/0");
        assert!(error(r#"{"\u0000":1}"#).detail.contains("U+0000"));
        assert!(read("", br#"{"a":"\\u0000"}"#).is_ok(), "a backslash and some letters");
        assert_eq!(error("{} x").pointer, "/payload");
        assert_eq!(error("").pointer, "/payload");
        assert!(error(&"[".repeat(200_000)).detail.contains("recursion limit"));
    }

    #[test]
    fn a_number_is_kept_or_refused() {
        let exact = [
            "0",
            "-0.0",
            "1",
            "12.340",
            "0.1",
            "1e2",
            "1E+2",
            "18446744073709551615",
            "-9223372036854775808",
            "9007199254740993",
        ];
        for number in exact.into_iter().chain(["0.30000000000000004", "5e-324", "100000000000000000000"]) {
            assert!(is_kept(number), "{number}");
        }
        for number in
            ["18446744073709551617", "3.14159265358979323846", "0.1000000000000000055511151231257827", "1e-400"]
        {
            assert!(!is_kept(number), "{number}");
        }
        let text =
            br#"{"12345678901234567890123":"12345678901234567890123 \" 1.2","a":[true,{"b":-3.14159265358979323846}]}"#;
        assert_eq!(numbers(text).collect::<Vec<_>>(), ["-3.14159265358979323846"]);
    }
}
