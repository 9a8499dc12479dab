//! Who a session belongs to.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A user, as far as a session needs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Told")]
pub struct User {
    /// The subject of the user's tokens.
    pub id: String,
    /// Absent for users without one (phone, anonymous); an empty text counts as absent.
    pub email: Option<String>,
    /// What the user is called, by the account's own metadata (`user_metadata`).
    pub name: Option<String>,
}

/// A user as Auth tells it, or as it was kept.
#[derive(Deserialize)]
struct Told {
    id: String,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    name: Option<String>,
    /// Whatever clients wrote: nothing in it may make a session unreadable.
    #[serde(default)]
    user_metadata: Value,
}

/// Members of the metadata that name a user, the user's own choice first: providers write the
/// others again at each sign-in.
const NAMES: [&str; 4] = [User::NAME, "full_name", "name", "user_name"];

impl User {
    /// The member of the metadata that a user's own choice of a name goes into.
    pub(crate) const NAME: &str = "display_name";
    /// The most characters of a name.
    pub const LONGEST_NAME: usize = 60;

    /// A name as it is shown: one line of at most [`User::LONGEST_NAME`] characters; `None` when
    /// nothing is left of it.
    pub fn readable_name(text: &str) -> Option<String> {
        let words: Vec<_> = text
            .split(|c: char| c.is_whitespace() || c.is_control())
            .filter(|word| !word.is_empty())
            .collect();
        let line: String = words.join(" ").chars().take(Self::LONGEST_NAME).collect();
        (!line.is_empty()).then_some(line)
    }
}

impl From<Told> for User {
    fn from(told: Told) -> Self {
        let name = NAMES
            .iter()
            .filter_map(|name| told.user_metadata.get(name)?.as_str())
            .find_map(User::readable_name);
        Self {
            id: told.id,
            email: told.email.filter(|email| !email.is_empty()),
            name: name.or(told.name),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    fn name(metadata: &Value) -> Option<String> {
        let told = json!({"id": "alice", "email": "", "user_metadata": metadata});
        let user: User = serde_json::from_value(told).unwrap();
        assert_eq!((user.id.as_str(), &user.email), ("alice", &None));
        user.name
    }

    #[test]
    fn the_users_own_choice_of_a_name_comes_first_and_odd_metadata_does_no_harm() {
        let named = |text: &str| Some(text.to_owned());
        let github = json!({"full_name": "Alice Example", "user_name": "alice1"});
        assert_eq!(name(&github), named("Alice Example"));
        let chosen = json!({"display_name": "Ali", "full_name": "Alice Example"});
        assert_eq!(name(&chosen), named("Ali"));
        let emptied = json!({"display_name": " \n", "name": "Alice\u{0}\n Example "});
        assert_eq!(name(&emptied), named("Alice Example"));
        let long = "x".repeat(200);
        assert_eq!(name(&json!({"name": long})).unwrap().len(), 60);
        for odd in [
            json!({"display_name": 7}),
            json!([1]),
            json!(null),
            json!("x"),
        ] {
            assert_eq!(name(&odd), None);
        }
    }

    #[test]
    fn a_kept_name_reads_back() {
        let user = User {
            id: "alice".to_owned(),
            email: None,
            name: Some("Ali".to_owned()),
        };
        let kept = serde_json::to_string(&user).unwrap();
        assert_eq!(serde_json::from_str::<User>(&kept).unwrap(), user);
    }
}
