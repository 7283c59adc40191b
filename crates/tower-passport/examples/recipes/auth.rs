use std::time::{Duration, SystemTime};

use axum::{Json, Router, extract::State, routing::post};
use serde_json::{Value, json};
use tower_passport::secrecy::ExposeSecret;
use tower_passport::strict_jose::{Key, Rules};
use tower_passport::{
    Authenticate, BufferBody, CurrentUser, Error, Jwt, Local, LocalCredentials, Rejection, with_state,
};

use super::users::{NO_USER, User, Users};

async fn by_password(users: Users, found: LocalCredentials) -> Result<Option<User>, Error> {
    let user = users.by_email(&found.username);
    let hash = user.as_ref().map_or(NO_USER, |user| user.password).to_owned();
    let check = move || bcrypt::verify(found.password.expose_secret(), &hash);
    let good = tokio::task::spawn_blocking(check).await.map_err(Error::new)?.map_err(Error::new)?;
    Ok(user.filter(|_| good))
}

async fn by_token(users: Users, claims: Value) -> Result<Option<User>, Error> {
    Ok(claims["sub"].as_str().and_then(|id| users.by_id(id.parse().ok()?)))
}

async fn log_in(
    State(key): State<Key>,
    CurrentUser(user): CurrentUser<User>,
) -> Result<Json<Value>, Rejection> {
    let end = SystemTime::UNIX_EPOCH.elapsed().map_err(Error::new)? + Duration::from_hours(1);
    let claims = json!({ "sub": user.id.to_string(), "exp": end.as_secs() });
    Ok(Json(json!({ "token": key.sign("at+jwt", &claims).map_err(Error::new)? })))
}

pub(crate) fn protect(recipes: Router, users: Users, key: Key) -> Router {
    let rules = Rules::typ("at+jwt").any_issuer().any_audience();
    let jwt = Jwt::new(key.clone(), rules, with_state(users.clone(), by_token));
    let local = Local::new(with_state(users, by_password)).username_field("email");
    let login = Router::new().route("/api/v1/users/login", post(log_in)).with_state(key);
    let login = login.route_layer(Authenticate::new(local)).route_layer(BufferBody::new(4096));
    recipes.route_layer(Authenticate::new(jwt)).merge(login)
}
