//! What goes over the wire: schemas, each declared once.
//!
//! A request is declared with [`request!`], an answer with [`model!`]. From the one declaration come the Rust
//! type, its OpenAPI schema ([`Describe`]) and, for requests, the validation ([`Read`]). Validation answers
//! as the reference implementation of the contract does (FastAPI with pydantic): every error of a request at
//! once, in the same order, each with the same type, place, message, input and context.

mod choice;
mod collection;
mod describe;
mod integer;
mod json;
mod model;
mod number;
mod params;
mod problem;
mod text;
mod value;
mod written;

pub use choice::{Configurable, choice_schema, read_enum, read_literal};
pub use collection::{Entries, Map};
pub use describe::{Components, Describe, field, paragraph, reference};
pub use integer::Integer;
pub use json::{InvalidJson, parse as parse_json};
pub(crate) use model::{model, request};
pub use number::Number;
pub use params::{Params, describe_param, read_param};
pub use problem::{Loc, Problem, Problems};
pub use value::{Read, Value};
pub use written::Written;
