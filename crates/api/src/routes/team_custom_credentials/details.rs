//! What providers want to know of an OAuth application besides its id and its secret.

use lookback_domain::Provider;

use crate::wire::{AnyObject, Billing, BillingMethod, Map, Secret, request, union};

union! { request
    /// What a provider wants besides.
    pub enum Details {
        Fitbit(FitbitTeamProviderDetails) = "FitbitTeamProviderDetails",
        GoogleFit(GoogleFitTeamProviderDetails) = "GoogleFitTeamProviderDetails",
        GoogleHealth(GoogleHealthTeamProviderDetails) = "GoogleHealthTeamProviderDetails",
        BioReference(BioReferenceProviderDetails) = "BioReferenceProviderDetails",
        LabCorp(LabCorpTeamProviderDetails) = "LabCorpTeamProviderDetails",
        Quest(QuestProviderDetails) = "QuestProviderDetails",
        Polar(PolarTeamProviderDetails) = "PolarTeamProviderDetails",
        GetLabs(GetLabsTeamProviderDetails) = "GetLabsTeamProviderDetails",
        PhlebFinders(PhlebFindersTeamProviderDetails) = "PhlebFindersTeamProviderDetails",
        LabcorpFacility(LabcorpProviderDetails) = "LabcorpProviderDetails",
        MyFitnessPalV2(MyFitnessPalV2TeamProviderDetails) = "MyFitnessPalV2TeamProviderDetails",
    }
}

impl Details {
    /// The provider that wants these; none where it is no provider's.
    pub fn provider(&self) -> Option<Provider> {
        match self {
            Self::Fitbit(_) => Some(Provider::Fitbit),
            Self::GoogleFit(_) => Some(Provider::GoogleFit),
            Self::GoogleHealth(_) => Some(Provider::GoogleHealth),
            Self::Polar(_) => Some(Provider::Polar),
            Self::MyFitnessPalV2(_) => Some(Provider::MyFitnessPalV2),
            _ => None,
        }
    }
}

request! {
    /// Fitbit's.
    pub struct FitbitTeamProviderDetails {
        /// The details.
        pub fitbit: FitbitMetadata,
    }
}

request! {
    /// How Fitbit's subscriptions are verified.
    pub struct FitbitMetadata {
        /// Whether heart rate within a day is granted.
        pub is_hr_enabled: bool = false,
        /// For workouts.
        pub workout_verify_token: Secret,
        /// For sleep.
        pub sleep_verify_token: Secret,
        /// For body.
        pub body_verify_token: Secret,
        /// For food.
        pub foods_verify_token: Option<Secret>,
    }
}

request! {
    /// Google Fit's.
    pub struct GoogleFitTeamProviderDetails {
        /// Where people are sent back to.
        pub redirect_uri: String,
        /// What is asked for.
        pub data_scopes: Vec<String>,
    }
}

request! { closed
    /// Google Health's.
    pub struct GoogleHealthTeamProviderDetails {
        /// The project.
        pub project_number: String,
        /// The account that calls.
        pub service_account_email: String,
    }
}

request! {
    /// A laboratory's; not supported.
    pub struct BioReferenceProviderDetails {
        /// Not supported.
        pub sub_account_id: Option<String>,
        /// Not supported.
        pub sub_account_name: Option<String>,
        /// Not supported.
        pub allowed_billing_types: Option<Vec<Billing>>,
        /// Not supported.
        pub disallowed_billing_states: Option<Map<Billing, Vec<String>>>,
        /// Not supported.
        pub bioreference: AnyObject,
    }
}

request! {
    /// A laboratory's; not supported.
    pub struct LabCorpTeamProviderDetails {
        /// Not supported.
        pub sub_account_id: Option<String>,
        /// Not supported.
        pub sub_account_name: Option<String>,
        /// Not supported.
        pub allowed_billing_types: Option<Vec<Billing>>,
        /// Not supported.
        pub disallowed_billing_states: Option<Map<Billing, Vec<String>>>,
        /// Not supported.
        pub labcorp: LabCorpMetadata,
    }
}

request! {
    /// A laboratory's; not supported.
    pub struct LabCorpMetadata {
        /// Not supported.
        pub account_number: String,
        /// Not supported.
        pub billing_method: BillingMethod,
    }
}

request! {
    /// A laboratory's; not supported.
    pub struct QuestProviderDetails {
        /// Not supported.
        pub sub_account_id: Option<String>,
        /// Not supported.
        pub sub_account_name: Option<String>,
        /// Not supported.
        pub allowed_billing_types: Option<Vec<Billing>>,
        /// Not supported.
        pub disallowed_billing_states: Option<Map<Billing, Vec<String>>>,
        /// Not supported.
        pub quest: AnyObject,
        /// Not supported.
        pub allowed_business_units: Option<Vec<String>>,
    }
}

request! {
    /// Polar's.
    pub struct PolarTeamProviderDetails {
        /// How Polar's webhooks are signed.
        pub webhook_secret: Secret,
    }
}

request! {
    /// An appointment provider's; not supported.
    pub struct GetLabsTeamProviderDetails {
        /// Not supported.
        pub getlabs: GetLabsMetadata,
    }
}

request! {
    /// An appointment provider's; not supported.
    pub struct GetLabsMetadata {
        /// Not supported.
        pub webhook_secret_key: Secret,
        /// Not supported.
        pub webhook_secret_token: Secret,
    }
}

request! {
    /// An appointment provider's; not supported.
    pub struct PhlebFindersTeamProviderDetails {
        /// Not supported.
        pub phlebfinders: PhlebFindersMetadata,
    }
}

request! {
    /// An appointment provider's; not supported.
    pub struct PhlebFindersMetadata {
        /// Not supported.
        pub account_id: String,
        /// Not supported.
        pub account_name: String,
        /// Not supported.
        pub team_id: String,
        /// Not supported.
        pub team_name: String,
        /// Not supported.
        pub webhook_token: Secret,
        /// Not supported.
        pub email: String,
    }
}

request! {
    /// A laboratory's; not supported.
    pub struct LabcorpProviderDetails {
        /// Not supported.
        pub sub_account_id: Option<String>,
        /// Not supported.
        pub sub_account_name: Option<String>,
        /// Not supported.
        pub allowed_billing_types: Option<Vec<Billing>>,
        /// Not supported.
        pub disallowed_billing_states: Option<Map<Billing, Vec<String>>>,
        /// Not supported.
        pub sending_facility: String,
        /// Not supported.
        pub sending_application: String,
        /// Not supported.
        pub receiving_facility: String,
        /// Not supported.
        pub receiving_application: String,
    }
}

request! {
    /// MyFitnessPal's.
    pub struct MyFitnessPalV2TeamProviderDetails {
        /// The client.
        pub client: String,
    }
}
