//! How large, how close together and with how much motion everything is shown.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// How large everything in the window may be shown, in percent of its usual size.
pub const ZOOM: RangeInclusive<u32> = 80..=200;

/// What is not allowed about a zoom, as a sentence that says what is.
#[must_use]
pub fn zoom_problem(percent: u32) -> Option<String> {
    let (least, most) = ZOOM.into_inner();
    (!ZOOM.contains(&percent)).then(|| format!("The zoom is {least} to {most} %."))
}

/// The nearest zoom that is allowed: for one that comes from a file.
#[must_use]
pub fn nearest_zoom(percent: u32) -> u32 {
    percent.clamp(*ZOOM.start(), *ZOOM.end())
}

/// How close together rows are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Density {
    /// With room between them.
    Comfortable,
    /// Closer, so that more are seen at once. Text has the same size.
    Compact,
}

/// Whether what changes moves to where it comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Motion {
    /// As the desktop says.
    System,
    /// Everything changes at once.
    Reduced,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::Settings;

    #[test]
    fn a_zoom_out_of_range_is_told_and_has_a_nearest_one() {
        for (percent, nearest) in [(0, 80), (79, 80), (201, 200), (u32::MAX, 200)] {
            let sentence = "The zoom is 80 to 200 %.";
            assert_eq!(zoom_problem(percent).as_deref(), Some(sentence));
            assert_eq!(nearest_zoom(percent), nearest);
        }
        for percent in [80, 100, 133, 200] {
            assert_eq!(zoom_problem(percent), None);
            assert_eq!(nearest_zoom(percent), percent);
        }
    }

    #[test]
    fn a_file_from_before_zoom_density_and_motion_reads_as_it_was_shown() {
        let mut old = serde_json::to_value(Settings::default()).unwrap();
        let fields = old.as_object_mut().unwrap();
        assert_eq!(fields.remove("zoom"), Some(100.into()));
        assert_eq!(fields.remove("density"), Some("comfortable".into()));
        assert_eq!(fields.remove("motion"), Some("system".into()));
        let read: Settings = serde_json::from_value(old).unwrap();
        assert_eq!(read, Settings::default());
    }
}
