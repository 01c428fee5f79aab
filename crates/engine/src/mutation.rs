//! Named faults, compiled in to test the tests.
//!
//! `scripts/mutations.sh` builds the crate once per name with the `mutations` feature and the name in
//! `LOOKBACK_MUTATION`, and expects the named test to fail. Without the feature every question is a
//! constant `false` and the code behind it disappears.

/// Whether this build carries the fault called `name`.
#[inline]
pub(crate) fn is(name: &str) -> bool {
    cfg!(feature = "mutations") && option_env!("LOOKBACK_MUTATION") == Some(name)
}
