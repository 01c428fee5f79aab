//! Lists, maps and what may be null.

use std::hash::Hash;

use indexmap::IndexMap;
use serde::{Serialize, Serializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::schema::{AdditionalProperties, Object, Schema, SchemaType, Type};

use super::{Components, Describe, Loc, Problems, Read, Value};

/// A map whose entries keep the order in which they came.
pub type Map<K, V> = IndexMap<K, V>;

/// An object in which anything may stand.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct AnyObject(pub IndexMap<String, Value>);

impl Read for AnyObject {
    fn read(value: &Value, loc: &Loc<'_>, problems: &mut Problems) -> Option<Self> {
        let Value::Map(entries) = value else {
            problems.add("dict_type", loc, "Input should be a valid dictionary", value);
            return None;
        };
        Some(Self(entries.clone()))
    }
}

impl Describe for AnyObject {
    fn schema() -> RefOr<Schema> {
        let mut object = Object::with_type(Type::Object);
        object.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(true)));
        object.into()
    }
}

/// A map of an answer, written in this order. Nothing is looked up in it, so it hashes nothing; that no key is in
/// it twice is up to whoever makes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Entries<K, V>(pub Vec<(K, V)>);

impl<K: Serialize, V: Serialize> Serialize for Entries<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

impl<T: Read> Read for Vec<T> {
    const REPEATED: bool = true;

    fn read(value: &Value, loc: &Loc<'_>, problems: &mut Problems) -> Option<Self> {
        let Value::List(items) = value else {
            problems.add("list_type", loc, "Input should be a valid list", value);
            return None;
        };
        // Every item is read, so that every problem is found.
        let read = items.iter().enumerate().map(|(index, item)| T::read(item, &loc.index(index), problems));
        read.collect::<Vec<_>>().into_iter().collect()
    }
}

impl<T: Read> Read for Option<T> {
    const REPEATED: bool = T::REPEATED;

    fn read(value: &Value, loc: &Loc<'_>, problems: &mut Problems) -> Option<Self> {
        if *value == Value::Null { Some(None) } else { T::read(value, loc, problems).map(Some) }
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<K: Read + Eq + Hash, V: Read> Read for Map<K, V> {
    fn read(value: &Value, loc: &Loc<'_>, problems: &mut Problems) -> Option<Self> {
        let Value::Map(entries) = value else {
            problems.add("dict_type", loc, "Input should be a valid dictionary", value);
            return None;
        };
        let read = entries.iter().map(|(key, value)| {
            let entry = loc.key(key);
            let read_key = K::read(&Value::String(key.clone()), &entry.key("[key]"), problems);
            let read_value = V::read(value, &entry, problems);
            Some((read_key?, read_value?))
        });
        read.collect::<Vec<_>>().into_iter().collect()
    }
}

impl<K: Describe, V: Describe> Describe for Map<K, V> {
    fn schema() -> RefOr<Schema> {
        let mut object = Object::with_type(Type::Object);
        object.additional_properties = Some(Box::new(AdditionalProperties::RefOr(V::schema())));
        match K::schema() {
            RefOr::T(mut names) => {
                // The contract leaves out the type of inline property names: they are strings in any case.
                if let Schema::Object(names) = &mut names {
                    names.schema_type = SchemaType::AnyValue;
                }
                object.property_names = Some(Box::new(names));
            }
            // The library has no place for a reference here; an extension is written out as it stands.
            RefOr::Ref(names) => {
                let names = serde_json::json!({ "$ref": names.ref_location });
                object.extensions = Some(Extensions::from_iter([("propertyNames", names)]));
            }
        }
        object.into()
    }

    fn components(into: &mut Components) {
        K::components(into);
        V::components(into);
    }
}

impl<K: Describe, V: Describe> Describe for Entries<K, V> {
    fn schema() -> RefOr<Schema> {
        Map::<K, V>::schema()
    }

    fn components(into: &mut Components) {
        Map::<K, V>::components(into);
    }
}
