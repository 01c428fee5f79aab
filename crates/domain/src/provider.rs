//! The providers: every slug of the documented `Providers`.

use crate::slug::slugs;

slugs! {
    /// A data source, in the order of the documented schema.
    pub enum Provider ("provider") {
        Oura = "oura",
        Fitbit = "fitbit",
        Garmin = "garmin",
        Whoop = "whoop",
        Strava = "strava",
        Renpho = "renpho",
        Peloton = "peloton",
        Wahoo = "wahoo",
        Zwift = "zwift",
        FreestyleLibre = "freestyle_libre",
        AbbottLibreview = "abbott_libreview",
        TandemSource = "tandem_source",
        FreestyleLibreBle = "freestyle_libre_ble",
        EightSleep = "eight_sleep",
        Withings = "withings",
        AppleHealthKit = "apple_health_kit",
        Manual = "manual",
        Ihealth = "ihealth",
        GoogleFit = "google_fit",
        BeurerApi = "beurer_api",
        BeurerBle = "beurer_ble",
        Omron = "omron",
        OmronBle = "omron_ble",
        OnetouchBle = "onetouch_ble",
        AccuchekBle = "accuchek_ble",
        ContourBle = "contour_ble",
        Dexcom = "dexcom",
        DexcomV3 = "dexcom_v3",
        Hammerhead = "hammerhead",
        MyFitnessPal = "my_fitness_pal",
        HealthConnect = "health_connect",
        SamsungHealth = "samsung_health",
        Polar = "polar",
        Cronometer = "cronometer",
        Kardia = "kardia",
        WhoopV2 = "whoop_v2",
        Ultrahuman = "ultrahuman",
        MyFitnessPalV2 = "my_fitness_pal_v2",
        MapMyFitness = "map_my_fitness",
        Runkeeper = "runkeeper",
        GoogleHealth = "google_health",
    }
}

impl Provider {
    /// The providers a preference can be set for, in the order in which the documented request schema lists
    /// them: the 26 of the contract, then `google_health`.
    pub const CONFIGURABLE: &[Self] = &[
        Self::Oura,
        Self::Fitbit,
        Self::Garmin,
        Self::Strava,
        Self::Withings,
        Self::Peloton,
        Self::Wahoo,
        Self::Zwift,
        Self::FreestyleLibre,
        Self::AbbottLibreview,
        Self::EightSleep,
        Self::Renpho,
        Self::Omron,
        Self::DexcomV3,
        Self::Hammerhead,
        Self::Polar,
        Self::Cronometer,
        Self::Kardia,
        Self::WhoopV2,
        Self::MyFitnessPalV2,
        Self::MapMyFitness,
        Self::Runkeeper,
        Self::AppleHealthKit,
        Self::GoogleFit,
        Self::BeurerApi,
        Self::Ultrahuman,
        Self::GoogleHealth,
    ];
}
