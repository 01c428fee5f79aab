//! What is wrong with a request, and where.

use serde::Serialize;

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AnyOf, Array, Object, ObjectBuilder, Schema, SchemaType, Type};

use super::{Components, Describe, Value, reference};

/// A place in a request: a list that grows from the outside in, kept on the stack while reading.
#[derive(Debug, Clone, Copy)]
pub struct Loc<'a> {
    outer: Option<&'a Loc<'a>>,
    step: Step<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

impl<'a> Loc<'a> {
    /// The outermost place: `path`, `query` or `body`.
    pub const fn root(name: &'a str) -> Self {
        Self { outer: None, step: Step::Key(name) }
    }

    /// A field or map entry at this place.
    pub fn key(&'a self, key: &'a str) -> Self {
        Self { outer: Some(self), step: Step::Key(key) }
    }

    /// A list item at this place, counted from 0.
    pub fn index(&'a self, index: usize) -> Self {
        Self { outer: Some(self), step: Step::Index(index) }
    }

    fn to_vec(self) -> Vec<LocItem> {
        let mut items = self.outer.map_or_else(Vec::new, |outer| outer.to_vec());
        items.push(match self.step {
            Step::Key(key) => LocItem::Key(key.to_owned()),
            Step::Index(index) => LocItem::Index(index),
        });
        items
    }
}

/// One step of a place, as the wire has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum LocItem {
    /// A name.
    Key(String),
    /// A position, counted from 0.
    Index(usize),
}

/// One thing that is wrong, in the documented shape.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Problem {
    /// The kind, in pydantic's vocabulary.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Where.
    pub loc: Vec<LocItem>,
    /// What, for people.
    pub msg: String,
    /// What was sent.
    pub input: Value,
    /// What the message was made of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ctx: Option<serde_json::Value>,
}

impl Problem {
    /// About how many bytes it is written in.
    fn bytes(&self) -> usize {
        let loc = self.loc.iter().map(|item| match item {
            LocItem::Key(key) => key.len(),
            LocItem::Index(_) => 8,
        });
        // What the message was made of is a part of it.
        let made_of = self.ctx.as_ref().map_or(0, |_| self.msg.len());
        64 + loc.sum::<usize>() + self.msg.len() + made_of + self.input.bytes()
    }
}

/// Described as the list of problems that a 422 is.
impl Describe for Problem {
    fn schema() -> RefOr<Schema> {
        reference("HTTPValidationError")
    }

    fn components(into: &mut Components) {
        let list = |items: RefOr<Schema>, title: &str| {
            let mut array = Array::new(items);
            array.title = Some(title.to_owned());
            RefOr::from(Schema::Array(array))
        };
        let of_type = |schema_type| ObjectBuilder::new().schema_type(schema_type);
        let mut step = AnyOf::new();
        step.items = vec![Object::with_type(Type::String).into(), Object::with_type(Type::Integer).into()];
        let problem = ObjectBuilder::new()
            .title(Some("ValidationError"))
            .property("loc", list(Schema::AnyOf(step).into(), "Location"))
            .property("msg", of_type(Type::String).title(Some("Message")))
            .property("type", of_type(Type::String).title(Some("Error Type")))
            .property("input", ObjectBuilder::new().schema_type(SchemaType::AnyValue).title(Some("Input")))
            .property("ctx", of_type(Type::Object).title(Some("Context")));
        let problem = ["loc", "msg", "type"].into_iter().fold(problem, ObjectBuilder::required);
        let answer = ObjectBuilder::new()
            .title(Some("HTTPValidationError"))
            .property("detail", list(reference("ValidationError"), "Detail"));
        into.push(("ValidationError".to_owned(), problem.build().into()));
        into.push(("HTTPValidationError".to_owned(), answer.build().into()));
    }
}

/// Everything that is wrong with a request, in the order in which it was found.
///
/// A request of a mebibyte can be wrong in a hundred thousand places, and each of them can echo a good part of it. So
/// what is listed is bounded; where there is more, the last problem says so.
#[derive(Debug, Default)]
pub struct Problems {
    found: Vec<Problem>,
    bytes: usize,
}

/// About how many bytes of problems are listed. Five thousand ids that are none take less than half of it.
const BYTES_MAX: usize = 4 * 1024 * 1024;

/// What stands in place of the problems beyond [`BYTES_MAX`].
const MORE: &str = "more is wrong than is listed here; mend this first";

impl Problems {
    /// Notes a problem without context.
    pub fn add(&mut self, kind: &'static str, loc: &Loc<'_>, msg: impl Into<String>, input: &Value) {
        self.push(kind, loc, msg.into(), input, None);
    }

    /// Notes a problem whose context has one entry.
    pub fn add_with(
        &mut self,
        kind: &'static str,
        loc: &Loc<'_>,
        msg: impl Into<String>,
        input: &Value,
        (key, value): (&'static str, impl Into<serde_json::Value>),
    ) {
        let ctx = serde_json::Value::Object([(key.to_owned(), value.into())].into_iter().collect());
        self.push(kind, loc, msg.into(), input, Some(ctx));
    }

    fn push(
        &mut self,
        kind: &'static str,
        loc: &Loc<'_>,
        msg: String,
        input: &Value,
        ctx: Option<serde_json::Value>,
    ) {
        // Neither is anything copied that has no place.
        if !self.is_full() {
            self.take(Problem { kind, loc: loc.to_vec(), msg, input: input.clone(), ctx });
        }
    }

    fn take(&mut self, mut problem: Problem) {
        if self.is_full() {
            return;
        }
        self.bytes += problem.bytes();
        if self.is_full() && !self.found.is_empty() {
            problem.loc.truncate(1);
            let (kind, msg) = ("value_error", MORE.to_owned());
            problem = Problem { kind, loc: problem.loc, msg, input: Value::Null, ctx: None };
        }
        self.found.push(problem);
    }

    /// Whether no further problem is listed: whoever has work with putting one together can leave it.
    pub fn is_full(&self) -> bool {
        self.bytes > BYTES_MAX
    }

    /// Takes over what was found elsewhere, after what is here.
    pub fn append(&mut self, others: Self) {
        others.found.into_iter().for_each(|problem| self.take(problem));
    }

    /// Takes the values of these fields out of what is echoed.
    pub fn redact(&mut self, secrets: &[&str]) {
        for problem in &mut self.found {
            let names_one = problem
                .loc
                .iter()
                .any(|item| matches!(item, LocItem::Key(key) if secrets.contains(&&key[..])));
            problem.input.redact(secrets, names_one);
        }
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// The problems, in order.
    pub fn into_vec(self) -> Vec<Problem> {
        self.found
    }
}
