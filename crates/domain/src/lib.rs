//! Types and rules of Lookback: providers, resources, days, preferences, resolution.
