//! The clients of Auth and PostgREST, and the engine on them, at two servers that share no code:
//! the vendor's independent one over a real PostgreSQL, and the local workspace's own. Each case
//! is written once.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod auth;
mod engine;
mod lite;
mod refusals;
mod rows;
mod target;
mod token;

/// Registers cases, `async fn(&Target)`, at both servers.
macro_rules! at_both {
    ($($part:ident: $($case:ident)*;)*) => {
        mod independent {
            $(mod $part { $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $case() {
                    if let Some(target) = crate::target::Target::lite() {
                        crate::$part::$case(&target).await;
                    }
                }
            )* })*
        }
        mod local {
            $(mod $part { $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $case() {
                    crate::$part::$case(&crate::target::Target::local().await).await;
                }
            )* })*
        }
    };
}

at_both! {
    auth:
        the_services_say_what_they_are
        signing_up_signs_in_and_the_password_does_so_again
        a_wrong_password_and_a_taken_address_are_told_apart_and_sign_nobody_in
        a_renewal_replaces_what_is_kept_and_the_chain_goes_on
        many_callers_at_once_use_a_refresh_token_up_once
        an_access_token_that_is_over_or_forged_is_renewed_under_way
        a_session_ended_elsewhere_is_over_here
        signing_out_leaves_nothing_behind;
    rows:
        an_insert_that_is_repeated_leaves_the_first_and_says_so
        every_text_comes_back_as_it_was_written
        pages_by_key_reach_every_row_once_even_within_one_instant
        a_change_under_a_condition_is_made_once
        a_delete_tells_what_it_deleted_and_a_count_what_is_left
        presence_is_one_row_that_is_written_over
        prices_and_great_numbers_are_read_without_a_float;
    refusals:
        the_rules_refuse_what_is_anothers_and_hide_it
        a_broken_constraint_is_for_good_whatever_the_server_calls_it
        what_does_not_exist_is_named
        without_a_session_nothing_is_seen_or_written
        a_key_of_another_project_is_told_as_such;
}
