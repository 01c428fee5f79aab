//! The embedded store of Lookback.
