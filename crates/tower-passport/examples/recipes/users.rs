use std::sync::Arc;

/// The hash of a discarded password. An unknown address takes as much time as a wrong password.
pub const NO_USER: &str = "$2b$10$pR4kZc9uB6eWf1hXo3yTnOgfQ4/2RigoNAPI./ubCr8gUtpADGvyy";

#[derive(Clone)]
pub struct User {
    pub id: u64,
    pub email: &'static str,
    /// A bcrypt hash, as the tutorial stores it.
    pub password: &'static str,
}

#[derive(Clone)]
pub struct Users(pub Arc<Vec<User>>);

impl Users {
    pub fn by_id(&self, id: u64) -> Option<User> {
        self.0.iter().find(|user| user.id == id).cloned()
    }

    pub fn by_email(&self, email: &str) -> Option<User> {
        self.0.iter().find(|user| user.email == email).cloned()
    }
}
