//! The settings of a team's environment. They are about laboratory tests, branding and a dashboard, which are
//! outside of Lookback: answers carry the documented defaults, and nothing else can be set.

use crate::wire::{Email, Loc, Problems, Value, WebUrl, model, request};

request! {
    /// How a team presents itself.
    pub struct BrandInformation {
        /// Not supported.
        pub company_name: String,
        /// Not supported.
        pub company_website: String = String::new(),
        /// Not supported.
        pub support_email: Email = Email("help@tryvital.io".to_owned()),
        /// Not supported.
        pub support_contact: Option<String> = Some(String::new()),
        /// Not supported.
        pub company_address: String = String::new(),
        /// Not supported.
        pub brand_color: String = String::new(),
    }
}

model! {
    /// The settings of an environment: the documented defaults.
    pub struct ClientFacingOrgTeamEnvironment {
        /// Always true.
        pub lab_tests_patient_sms_communication_enabled: bool = true,
        /// Always true.
        pub lab_tests_patient_email_communication_enabled: bool = true,
        /// Always null.
        pub critical_result_notification_email: Option<Email>,
        /// Always null.
        pub brand_information: Option<BrandInformation>,
        /// Always null.
        pub logo_url: Option<WebUrl>,
        /// Always false.
        pub reject_duplicate_connection: bool = false,
        /// Always false.
        pub sdk_per_device_activity_timeseries: bool = false,
        /// Always false.
        pub partial_webhooks_enabled: Option<bool> = Some(false),
        /// Always false.
        pub minor_ordering_enabled: Option<bool> = Some(false),
    }
}

impl Default for ClientFacingOrgTeamEnvironment {
    fn default() -> Self {
        Self {
            lab_tests_patient_sms_communication_enabled: true,
            lab_tests_patient_email_communication_enabled: true,
            critical_result_notification_email: None,
            brand_information: None,
            logo_url: None,
            reject_duplicate_connection: false,
            sdk_per_device_activity_timeseries: false,
            partial_webhooks_enabled: Some(false),
            minor_ordering_enabled: Some(false),
        }
    }
}

request! {
    /// How a team is to present itself.
    pub struct UpdateBrandInformationBody {
        /// Not supported.
        pub company_name: Option<String>,
        /// Not supported.
        pub company_website: Option<String>,
        /// Not supported.
        pub support_email: Option<Email>,
        /// Not supported.
        pub support_contact: Option<String>,
        /// Not supported.
        pub company_address: Option<String>,
        /// Not supported.
        pub brand_color: Option<String>,
    }
}

request! {
    /// What is to change of an environment's settings: nothing that differs from the documented defaults.
    pub struct UpdateOrgTeamEnvironmentBody {
        /// True or left out.
        pub lab_tests_patient_sms_communication_enabled: Option<bool>,
        /// True or left out.
        pub lab_tests_patient_email_communication_enabled: Option<bool>,
        /// Not supported.
        pub critical_result_notification_email: Option<Email>,
        /// False or left out.
        pub partial_webhooks_enabled: Option<bool>,
        /// False or left out.
        pub minor_ordering_enabled: Option<bool>,
        /// False or left out.
        pub reject_duplicate_connection: Option<bool>,
        /// False or left out.
        pub sdk_per_device_activity_timeseries: Option<bool>,
        /// False or left out.
        pub patient_experience: Option<bool>,
        /// Not supported.
        pub brand_information: Option<UpdateBrandInformationBody>,
        /// Not supported.
        pub logo_url: Option<WebUrl>,
    }
}

/// What a setting may be.
pub struct Setting {
    name: &'static str,
    /// Which part of it was given, where it has parts.
    part: Option<&'static str>,
    given: Value,
    allowed: Option<bool>,
}

/// A switch: its default is accepted, and so is leaving it as it is.
pub fn switch(name: &'static str, given: Option<bool>, default: bool) -> Setting {
    Setting { name, part: None, given: given.map_or(Value::Null, Value::Bool), allowed: Some(default) }
}

/// A text, of which there is none.
pub fn text(name: &'static str, given: Option<impl ToString>) -> Setting {
    let given = given.map_or(Value::Null, |text| Value::String(text.to_string()));
    Setting { name, part: None, given, allowed: None }
}

/// A text inside of `brand_information`, of which there is none either.
pub fn brand((part, given): (&'static str, Option<impl ToString>)) -> Setting {
    Setting { part: Some(part), ..text("brand_information", given) }
}

/// Refuses whatever differs from the documented defaults.
pub fn refuse(settings: impl IntoIterator<Item = Setting>, loc: &Loc<'_>, problems: &mut Problems) {
    for Setting { name, part, given, allowed } in settings {
        let is_default = match &given {
            Value::Null => true,
            Value::Bool(given) => allowed == Some(*given),
            _ => false,
        };
        if !is_default {
            let default = allowed.map_or("null".to_owned(), |allowed| allowed.to_string());
            let said = format!("{name} is not supported; leave it out or send its default, {default}");
            let whole = loc.key(name);
            let at = part.map_or(whole, |part| whole.key(part));
            problems.add("value_error", &at, said, &given);
        }
    }
}

impl UpdateOrgTeamEnvironmentBody {
    /// Refuses whatever differs from the documented defaults.
    pub fn refuse(&self, loc: &Loc<'_>, problems: &mut Problems) {
        let settings = [
            switch(
                "lab_tests_patient_sms_communication_enabled",
                self.lab_tests_patient_sms_communication_enabled,
                true,
            ),
            switch(
                "lab_tests_patient_email_communication_enabled",
                self.lab_tests_patient_email_communication_enabled,
                true,
            ),
            text(
                "critical_result_notification_email",
                self.critical_result_notification_email.as_ref().map(|email| &email.0),
            ),
            switch("partial_webhooks_enabled", self.partial_webhooks_enabled, false),
            switch("minor_ordering_enabled", self.minor_ordering_enabled, false),
            switch("reject_duplicate_connection", self.reject_duplicate_connection, false),
            switch("sdk_per_device_activity_timeseries", self.sdk_per_device_activity_timeseries, false),
            switch("patient_experience", self.patient_experience, false),
            text("logo_url", self.logo_url.as_ref().map(|url| &url.0)),
        ];
        let brand = self.brand_information.iter().flat_map(UpdateBrandInformationBody::texts).map(brand);
        refuse(settings.into_iter().chain(brand), loc, problems);
    }
}

impl UpdateBrandInformationBody {
    /// What is to be set.
    fn texts(&self) -> [(&'static str, Option<&str>); 6] {
        [
            ("company_name", self.company_name.as_deref()),
            ("company_website", self.company_website.as_deref()),
            ("support_email", self.support_email.as_ref().map(|email| &email.0[..])),
            ("support_contact", self.support_contact.as_deref()),
            ("company_address", self.company_address.as_deref()),
            ("brand_color", self.brand_color.as_deref()),
        ]
    }
}
