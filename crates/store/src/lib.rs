//! The storage trait of Lookback, its model and its conformance suite.
