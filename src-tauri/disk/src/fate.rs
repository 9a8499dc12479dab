//! What becomes of a write that was not synced when the power failed.

/// The smallest part of a write that is there as a whole or not at all.
pub(crate) const SECTOR: usize = 512;

/// What becomes of one write, or of one change of a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is on the disk.
    Kept,
    /// It never reached it.
    Lost,
    /// Some of its sectors of 512 bytes did: the n-th if the n-th bit is set, counted again from
    /// the first bit after 64. A change of a length or a name is kept if the first bit is set.
    Torn(u64),
}

impl Fate {
    /// Whether the sector that begins `offset` bytes into the write is there.
    pub(crate) fn keeps(self, sector: usize) -> bool {
        match self {
            Self::Kept => true,
            Self::Lost => false,
            Self::Torn(bits) => bits >> (sector % 64) & 1 == 1,
        }
    }
}
