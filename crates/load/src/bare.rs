//! The measure of all things: a handler that does nothing but answer with the same bytes.

use std::path::Path;

use axum::Router;
use axum::body::Bytes;
use axum::routing::get;
use http::header;
use tokio::net::TcpListener;

use crate::client::PATH;

/// Serves until the process is ended.
pub async fn serve(answer: &Path) -> anyhow::Result<()> {
    let answer = Bytes::from(std::fs::read(answer)?);
    let show = move || {
        let answer = answer.clone();
        async move { ([(header::CONTENT_TYPE, "application/json")], answer) }
    };
    let store = {
        let show = show.clone();
        move |_body: Bytes| show()
    };
    let routes = Router::new().route(PATH, get(show).post(store));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    announce(&listener)?;
    axum::serve(listener, routes).await?;
    Ok(())
}

#[expect(clippy::print_stdout, reason = "how the load test learns the address, as from the other servers")]
fn announce(listener: &TcpListener) -> anyhow::Result<()> {
    println!("listening on http://{}", listener.local_addr()?);
    Ok(())
}
