//! What travels on the bus, as plain JSON to compare with.

use serde_json::{Map, Value};
use zbus::Variant;

/// A value without its D-Bus types. Bytes (pictures, mostly) become their number.
pub(super) fn plain(value: &Variant<'_>) -> Value {
    match value {
        Variant::U8(number) => (*number).into(),
        Variant::Bool(flag) => (*flag).into(),
        Variant::I16(number) => (*number).into(),
        Variant::U16(number) => (*number).into(),
        Variant::I32(number) => (*number).into(),
        Variant::U32(number) => (*number).into(),
        Variant::I64(number) => (*number).into(),
        Variant::U64(number) => (*number).into(),
        Variant::F64(number) => (*number).into(),
        Variant::Str(text) => text.as_str().into(),
        Variant::ObjectPath(path) => path.as_str().into(),
        Variant::Variant(inner) => plain(inner),
        Variant::Array(array) if *array.element_signature() == zbus::Signature::U8 => {
            format!("{} bytes", array.len()).into()
        }
        Variant::Array(array) => array.inner().iter().map(plain).collect(),
        Variant::Structure(structure) => structure.fields().iter().map(plain).collect(),
        Variant::Dict(dict) => {
            let entries = dict.iter().map(|(key, value)| {
                let key = match plain(key) {
                    Value::String(key) => key,
                    other => other.to_string(),
                };
                (key, plain(value))
            });
            Value::Object(entries.collect::<Map<_, _>>())
        }
        Variant::Signature(_) | Variant::Fd(_) => Value::Null,
    }
}
