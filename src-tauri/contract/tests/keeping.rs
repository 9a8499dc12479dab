//! How long prices are kept.
#![allow(clippy::unwrap_used)]

use tidings_contract::{PriceKeeping, Settings};

#[test]
fn a_file_from_before_the_price_history_had_levels_still_reads() {
    let mut old = serde_json::to_value(Settings::default()).unwrap();
    let fields = old.as_object_mut().unwrap();
    assert!(fields.remove("price_keeping").is_some());
    let read: Settings = serde_json::from_value(old).unwrap();
    assert_eq!(read, Settings::default());
    let part: PriceKeeping = serde_json::from_str(r#"{"raw_hours": 24}"#).unwrap();
    assert_eq!(part.minute_days, PriceKeeping::default().minute_days);
}

#[test]
fn each_level_is_kept_at_least_as_long_as_the_finer_one() {
    let usual = PriceKeeping::default();
    assert_eq!(usual.problem(), None);
    let refused = [
        PriceKeeping {
            raw_hours: 0,
            ..usual
        },
        PriceKeeping {
            raw_hours: u32::MAX,
            ..usual
        },
        PriceKeeping {
            minute_days: 1,
            ..usual
        },
        PriceKeeping {
            hour_days: 364,
            ..usual
        },
        PriceKeeping {
            day_years: Some(4),
            ..usual
        },
        PriceKeeping {
            day_years: Some(101),
            ..usual
        },
    ];
    for keeping in refused {
        assert!(keeping.problem().is_some(), "{keeping:?}");
        assert_eq!(keeping.sound(), usual);
    }
    let long = PriceKeeping {
        day_years: Some(5),
        ..usual
    };
    assert_eq!(long.sound(), long);
}
