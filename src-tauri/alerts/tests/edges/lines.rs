use super::*;

#[test]
fn the_first_tick_never_fires_and_a_line_met_at_the_start_has_to_be_left() {
    assert_eq!(
        fires(&above("50", "2"), &["60", "51", "49.5", "50", "49", "50"]),
        [5]
    );
    assert_eq!(
        fires(&below("50", "2"), &["40", "49", "50.5", "50", "51", "50"]),
        [5]
    );
}

#[test]
fn the_first_tick_arms_without_regard_to_the_band() {
    assert_eq!(fires(&above("50", "20"), &["49.999", "50"]), [1]);
    assert_eq!(fires(&below("50", "20"), &["50.001", "50"]), [1]);
    assert_eq!(fires(&crosses("50", "20"), &["50.001", "50"]), [1]);
}

#[test]
fn a_first_tick_at_the_line_arms_neither_side() {
    assert_eq!(
        fires(&crosses("50", "2"), &["50", "50.5", "49.5", "50"]),
        [] as [usize; 0]
    );
    assert_eq!(fires(&crosses("50", "2"), &["50", "49", "50"]), [2]);
    assert_eq!(fires(&crosses("50", "2"), &["50", "51", "50"]), [2]);
}

#[test]
fn the_edges_of_the_band_count_and_a_hair_less_does_not() {
    assert_eq!(fires(&above("50", "2"), &["1", "50", "49", "50"]), [1, 3]);
    let short = "49.0000000000000000000000000001";
    assert_eq!(fires(&above("50", "2"), &["1", "50", short, "50"]), [1]);
    assert_eq!(fires(&below("50", "2"), &["99", "50", "51", "50"]), [1, 3]);
    assert_eq!(
        fires(&below("50", "2"), &["99", "50", "50.99999", "50"]),
        [1]
    );
}

#[test]
fn without_a_band_the_line_has_to_be_passed() {
    assert_eq!(
        fires(&above("50", "0"), &["49", "50", "50", "49.9", "50"]),
        [1, 4]
    );
    assert_eq!(
        fires(&crosses("50", "0"), &["49", "50", "50", "49", "50", "51"]),
        [1, 3, 4]
    );
}

#[test]
fn above_never_fires_downwards() {
    assert_eq!(
        fires(&above("50", "2"), &["49", "60", "40", "60", "50", "49"]),
        [1, 3]
    );
}

#[test]
fn a_reversal_is_told_and_arms_the_side_it_went_to() {
    assert_eq!(
        fires(&crosses("50", "2"), &["48", "50.5", "49", "50"]),
        [1, 2, 3]
    );
    assert_eq!(
        fires(&crosses("50", "2"), &["52", "49.5", "51", "50"]),
        [1, 2, 3]
    );
}

#[test]
fn wavering_inside_the_band_is_silent() {
    let mut prices = vec!["48"];
    prices.extend(["50.9", "49.1"].repeat(50));
    assert_eq!(fires(&crosses("50", "2"), &prices), [1]);
}

#[test]
fn a_jump_far_beyond_arms_the_other_side_at_once() {
    assert_eq!(fires(&crosses("50", "2"), &["40", "60", "50"]), [1, 2]);
    assert_eq!(fires(&crosses("50", "2"), &["60", "40", "50"]), [1, 2]);
}

#[test]
fn a_firing_knows_its_way() {
    let rows: Vec<Tick> = [(0, "40"), (1, "60"), (2, "40")]
        .map(|(time, price)| tick(time, price))
        .into();
    let found = replay(&every(&crosses("50", "1"), 0), &rows).fired;
    assert_eq!(found[0].direction, Direction::Up);
    assert_eq!(found[1].direction, Direction::Down);
    assert_eq!(found[1].price, d("40"));
    assert_eq!(found[1].measured_from, None);
}
