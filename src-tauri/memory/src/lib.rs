//! Gives memory that nothing uses back to the system.

#![cfg_attr(test, allow(clippy::unwrap_used))]

/// Gives back what the program has freed and its allocator keeps. That of glibc keeps nearly all of
/// it, so much work that is done leaves a large process behind; others give it back by themselves,
/// and there this does nothing. It takes some milliseconds.
pub fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: it takes no pointer, and any thread may call it at any time (malloc_trim(3)).
    unsafe {
        libc::malloc_trim(0);
    }
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[cfg(test)]
mod tests {
    /// KiB of this process in memory.
    fn resident() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.unwrap().trim().trim_end_matches(" kB");
        number.parse().unwrap()
    }

    #[test]
    fn what_is_free_between_what_is_used_goes_back() {
        const PIECES: usize = 4_096;
        // Each smaller than what the allocator maps by itself, and one in 64 stays.
        let mut pieces: Vec<_> = (0..PIECES).map(|_| Some(vec![1_u8; 16 << 10])).collect();
        let full = resident();
        for (at, piece) in pieces.iter_mut().enumerate() {
            if at % 64 != 63 {
                *piece = None;
            }
        }
        super::give_back();
        let left = resident();
        assert!(left + (40 << 10) < full, "{left} of {full} KiB are left");
        assert_eq!(pieces.iter().flatten().count(), PIECES / 64);
    }
}
