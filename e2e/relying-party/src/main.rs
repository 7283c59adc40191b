//! A site with log-ins at two identity providers, in every supported way.
//!
//!     relying-party ISSUER OTHER_ISSUER    # prints its address; ends when its standard input does
//!
//! | | |
//! | --- | --- |
//! | `/login/one`, `/login/posted` | at ISSUER by `OpenID` Connect; the answer in the URL, or posted |
//! | `/login/plain` | at ISSUER by OAuth 2.0 |
//! | `/login/other` | at OTHER_ISSUER |
//! | `/` | the name of the user |
//! | `/logout` | here, and at ISSUER, which sends the browser to `/logged-out` |
//! | `/clock` | lets the given seconds pass |
//!
//! Responses to rejected requests name the cause in `x-cause`, for the tests only.

mod site;
mod users;

use std::error::Error;
use std::io::Read;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [issuer, other] = &arguments[..] else {
        return Err("usage: relying-party ISSUER OTHER_ISSUER".into());
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let origin = format!("http://{}", listener.local_addr()?);
    let site = site::site(&origin, issuer, other)?;
    println!("{origin}");
    let parent_ends = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    tokio::select! {
        ended = axum::serve(listener, site) => ended?,
        _ = parent_ends => {}
    }
    Ok(())
}
