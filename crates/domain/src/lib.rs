//! The types and rules of Lookback: which providers and resources there are, what the catalog says of
//! each, what a team may prefer, and how a preference becomes the window that is pulled.
//!
//! Everything here is a value or a pure function of values. Nothing reads a clock, a file or the
//! environment; nothing awaits.

mod catalog;
mod days;
mod feedback;
mod naming;
mod preference;
mod provider;
mod quota;
mod resolve;
mod resource;
mod shape;
mod slug;
mod tenancy;

pub use catalog::{
    Allowance, Application, Basis, Catalog, CatalogError, Figure, FigureKey, Figures, FiguresError, Fixed,
    History, RequestFigures, Rule, Trigger, UpdateModel, Updates,
};
pub use days::{Days, DaysOutOfRange};
pub use feedback::{BodyRefusal, Feedback, HeaderForm, Reset};
pub use naming::{IntegrationTeamId, Label, Misnamed, Name};
pub use preference::{Preference, Raised, Refusal, Setting, Settings};
pub use provider::Provider;
pub use quota::{OwnQuota, Quota, QuotaWindow, Unit, WindowKind};
pub use resolve::{
    Advice, ConnectionFacts, IngestionBounds, InvalidBounds, OAuthApplication, Reason, Source, Step, Window,
    resolve,
};
pub use resource::Resource;
pub use shape::{PerDay, PerDayOutOfRange, PullCost, Shape};
pub use slug::UnknownSlug;
pub use tenancy::{CredentialId, Environment, KeyId, OrgId, Region, Role, TeamId};
