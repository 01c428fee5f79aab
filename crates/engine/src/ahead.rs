//! Memory that is asked for before it is wanted.
//!
//! Of a million connections' applications no cache near the core holds more than a few. A hint, given while others are
//! served, has the lines of one come meanwhile, all at once; whoever reads them without one waits for them one after another.

/// Is shown one thing in each line of memory that will be wanted.
pub trait Lines {
    /// The line in which `thing` begins.
    fn line_of<T>(&mut self, thing: &T);
}

/// Has each line brought near; where the processor is of another kind, nothing is done.
pub struct Fetch;

impl Lines for Fetch {
    #[inline(always)]
    fn line_of<T>(&mut self, thing: &T) {
        #[cfg(target_arch = "x86_64")]
        safe_arch::prefetch_t0(thing);
        #[cfg(not(target_arch = "x86_64"))]
        let _ = thing;
    }
}
