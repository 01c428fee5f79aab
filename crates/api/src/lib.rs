//! The HTTP interface of Lookback.
