//! Names that the contract has and that mean nothing to Lookback: laboratories and whom they work with.

use lookback_domain::Provider;
use serde::Serialize;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

use super::{
    Components, Describe, Loc, Problems, Read, Value, choice_schema, constant_schema, read_enum,
    read_literal, reference, union,
};

/// Named sets of which only the names are known.
macro_rules! foreign {
    ($($(#[doc = $doc:literal])+ $name:ident = [$($slug:literal),+];)+) => {$(
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
        #[serde(transparent)]
        pub struct $name(pub &'static str);

        impl $name {
            const ALL: &[&'static str] = &[$($slug),+];
        }

        impl Read for $name {
            fn read(value: &Value, loc: &Loc<'_>, problems: &mut Problems) -> Option<Self> {
                read_enum(Self::ALL, value, loc, problems).map(Self)
            }
        }

        impl Describe for $name {
            fn schema() -> RefOr<Schema> {
                reference(stringify!($name))
            }

            fn components(into: &mut Components) {
                let mut schema = choice_schema(Self::ALL.iter().copied());
                schema.title = Some(stringify!($name).to_owned());
                into.push((stringify!($name).to_owned(), schema.into()));
            }
        }
    )+};
}

foreign! {
    /// A laboratory.
    Labs = [
        "ayumetrix", "spiriplex", "ussl", "quest", "sonora_quest", "labcorp", "bioreference", "us_biotek", "manual",
        "sanocardio", "ihd", "nexus", "my_uti", "crl", "mtl"
    ];
    /// Somebody a laboratory works with.
    LabsProviders = ["aftership", "shippo", "sanocardio", "supera", "twilio", "telnyx", "mtl"];
    /// Somebody who makes appointments.
    AppointmentProvider = ["getlabs", "phlebfinders", "quest", "sonora_quest"];
}

/// Inline sets of which only the names are known.
macro_rules! foreign_inline {
    ($($(#[doc = $doc:literal])+ $name:ident = [$($slug:literal),+];)+) => {$(
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(pub &'static str);

        impl $name {
            const ALL: &[&'static str] = &[$($slug),+];
        }

        impl Read for $name {
            fn read(value: &Value, loc: &Loc<'_>, problems: &mut Problems) -> Option<Self> {
                read_literal(Self::ALL, value, loc, problems).map(Self)
            }
        }

        impl Describe for $name {
            fn schema() -> RefOr<Schema> {
                choice_schema(Self::ALL.iter().copied()).into()
            }
        }
    )+};
}

foreign_inline! {
    /// How a laboratory is paid.
    Billing = ["client_bill", "commercial_insurance", "patient_bill_passthrough", "patient_bill"];
    /// How another laboratory is paid.
    BillingMethod = ["CM", "PT", "PI"];
}

/// A provider that the contract calls one that speaks OAuth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct OAuthProviders(pub Provider);

impl OAuthProviders {
    /// Every member, in the order of the contract.
    pub const ALL: &[Provider] = &[
        Provider::Oura,
        Provider::Fitbit,
        Provider::Garmin,
        Provider::Strava,
        Provider::Wahoo,
        Provider::Ihealth,
        Provider::Withings,
        Provider::GoogleFit,
        Provider::DexcomV3,
        Provider::Polar,
        Provider::Cronometer,
        Provider::Omron,
        Provider::WhoopV2,
        Provider::MyFitnessPalV2,
        Provider::Ultrahuman,
        Provider::Runkeeper,
        Provider::GoogleHealth,
    ];
}

impl Read for OAuthProviders {
    fn read(value: &Value, loc: &Loc<'_>, problems: &mut Problems) -> Option<Self> {
        read_enum(Self::ALL, value, loc, problems).map(Self)
    }
}

impl Describe for OAuthProviders {
    fn schema() -> RefOr<Schema> {
        reference("OAuthProviders")
    }

    fn components(into: &mut Components) {
        let mut schema = choice_schema(Self::ALL.iter().map(|provider| provider.as_str()));
        schema.title = Some("OAuthProviders".to_owned());
        into.push(("OAuthProviders".to_owned(), schema.into()));
    }
}

/// `freestyle_libre`, which the contract names beside the sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct FreestyleLibre(Provider);

impl Read for FreestyleLibre {
    fn read(value: &Value, loc: &Loc<'_>, problems: &mut Problems) -> Option<Self> {
        read_literal(&[Provider::FreestyleLibre], value, loc, problems).map(Self)
    }
}

impl Describe for FreestyleLibre {
    fn schema() -> RefOr<Schema> {
        constant_schema(Provider::FreestyleLibre.as_str())
    }
}

union! { request
    /// Whatever the contract lets a credential be for.
    pub enum CredentialSource {
        Provider(Provider) = "str-enum[Providers]",
        Lab(Labs) = "str-enum[Labs]",
        LabsProvider(LabsProviders) = "str-enum[LabsProviders]",
        Appointment(AppointmentProvider) = "str-enum[AppointmentProvider]",
    }
}

union! { request
    /// Whatever the contract lets credentials be listed by.
    pub enum CredentialFilter {
        Provider(OAuthProviders) = "str-enum[OAuthProviders]",
        Lab(Labs) = "str-enum[Labs]",
        FreestyleLibre(FreestyleLibre) = "literal['freestyle_libre']",
    }
}

impl CredentialFilter {
    /// The provider, where it is one.
    pub fn provider(&self) -> Option<Provider> {
        match self {
            Self::Provider(OAuthProviders(provider)) | Self::FreestyleLibre(FreestyleLibre(provider)) => {
                Some(*provider)
            }
            Self::Lab(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use lookback_domain::Catalog;

    use super::*;

    #[test]
    fn the_catalog_takes_applications_of_ones_own_for_the_providers_that_speak_oauth_and_no_others() {
        let catalog = Catalog::bundled().unwrap();
        let own = Provider::ALL.iter().filter(|&&provider| catalog.rule(provider).application.own);
        let documented: BTreeSet<_> = OAuthProviders::ALL.iter().collect();
        assert_eq!(own.collect::<BTreeSet<_>>(), documented);
        assert_eq!(documented.len(), OAuthProviders::ALL.len());
    }
}
