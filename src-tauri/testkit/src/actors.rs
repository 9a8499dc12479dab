//! The people in the tests.

/// Somebody who signs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// First name.
    pub name: &'static str,
    /// Address to sign up and in with.
    pub email: &'static str,
    /// Password to sign up and in with.
    pub password: &'static str,
}

/// Whose client is under test.
pub fn alice() -> Actor {
    Actor {
        name: "Alice",
        email: "alice@example.com",
        password: "alice has a long password",
    }
}

/// Who talks with Alice.
pub fn bob() -> Actor {
    Actor {
        name: "Bob",
        email: "bob@example.com",
        password: "bob has another password",
    }
}

/// Who is signed in too, and has no business in Alice's sessions.
pub fn mallory() -> Actor {
    Actor {
        name: "Mallory",
        email: "mallory@example.com",
        password: "mallory has a third password",
    }
}
