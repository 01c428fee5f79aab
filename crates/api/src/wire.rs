//! What goes over the wire: schemas, each declared once.
//!
//! A request is declared with [`request!`], an answer with [`model!`]. From the one declaration come the Rust
//! type, its OpenAPI schema ([`Describe`]) and, for requests, the validation ([`Read`]). Validation answers
//! as the reference implementation of the contract does (FastAPI with pydantic): every error of a request at
//! once, in the same order, each with the same type, place, message, input and context.

mod absence;
mod boolean;
mod choice;
mod collection;
mod constrained;
mod describe;
mod email;
mod extension;
mod foreign;
mod integer;
mod json;
mod model;
mod number;
mod object;
mod params;
mod problem;
mod text;
mod union;
mod value;
mod written;

pub use absence::{Given, Nullable, Optional};
pub use choice::{Configurable, QuotaBasis, choice_schema, read_enum, read_literal};
pub use collection::{AnyObject, Entries, Map};
pub use constrained::{
    Email, IntegrationTeamId, ManagementKeyWord, Name, OrgMember, RemovedOrgMember, Secret, VitalStaff,
    WebUrl, constant_schema,
};
pub use describe::{Components, Describe, field, paragraph, reference, with_default};
pub use extension::Extension;
pub use foreign::{
    AppointmentProvider, Billing, BillingMethod, CredentialFilter, CredentialSource, FreestyleLibre, Labs,
    LabsProviders, OAuthProviders,
};
pub use integer::Integer;
pub use json::{InvalidJson, parse as parse_json};
pub(crate) use model::{model, request};
pub use number::Number;
pub use object::{describe_field, read_field, read_object, refuse_others};
pub use params::{Params, describe_param, read_param};
pub use problem::{Loc, Problem, Problems};
pub(crate) use union::union;
pub use value::{Read, Value};
pub use written::Written;
