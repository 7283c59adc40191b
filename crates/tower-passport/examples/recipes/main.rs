//! A recipe API as in the well-known Express tutorial: anonymous clients read, users write. `auth.rs` is all of the authentication.
//!
//!     curl -i localhost:3000/api/v1/users/login --json '{"email":"ada@example.com","password":"a stitch in thyme"}'
//!     curl -i localhost:3000/api/v1/recipes --json '"Soup"' -H "Authorization: Bearer <token>"   # 201
//!     curl -i localhost:3000/api/v1/recipes --json '"Soup"'                                      # 401
mod auth;
pub mod users;

use std::sync::{Arc, Mutex, PoisonError};

use axum::{Json, Router, extract::State, http::StatusCode, routing::get, routing::post};
use tower_passport::{CurrentUser, strict_jose::Key};

use self::users::{User, Users};

type Recipes = Arc<Mutex<Vec<String>>>;

async fn list(State(recipes): State<Recipes>) -> Json<Vec<String>> {
    Json(recipes.lock().unwrap_or_else(PoisonError::into_inner).clone())
}

async fn create(
    State(recipes): State<Recipes>,
    CurrentUser(user): CurrentUser<User>,
    Json(name): Json<String>,
) -> (StatusCode, String) {
    let created = format!("{name}, by {}", user.email);
    recipes.lock().unwrap_or_else(PoisonError::into_inner).push(created.clone());
    (StatusCode::CREATED, created)
}

pub fn app(users: Users, key: Key) -> Router {
    let recipes = Recipes::default();
    let public = Router::new().route("/api/v1/recipes", get(list)).with_state(Arc::clone(&recipes));
    let protected = Router::new().route("/api/v1/recipes", post(create)).with_state(recipes);
    public.merge(auth::protect(protected, users, key))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let password = "$2b$10$V7mQd0xT1sYb2nLw8aKceu99IF9Kjx4lgDXNH3xhPKmQwAhCxC.ui";
    let users = Users(Arc::new(vec![User { id: 1, email: "ada@example.com", password }]));
    let key = Key::hs256(b"An example. Yours is 32 random bytes.")?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app(users, key)).await?)
}
