//! The measure of all things: a handler that does nothing but answer with the same bytes.

use std::hint::black_box;
use std::path::Path;

use anyhow::ensure;
use axum::Router;
use axum::body::Bytes;
use axum::routing::get;
use http::header;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::process::Command;

use crate::client::{PATH, Work};
use crate::server::Server;

/// Starts it with what `server` answers, in a process of its own. Where it is to work for its answers, it parses so many
/// bytes of JSON for each.
pub async fn start(server: &Server, directory: &Path, bytes: usize) -> anyhow::Result<Server> {
    let file = directory.join("answer");
    std::fs::write(&file, answer(server).await?)?;
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("bare").arg(file).arg(bytes.to_string());
    Server::start("bare axum".to_owned(), server.teams, &mut command).await
}

/// What `server` answers.
pub async fn answer(server: &Server) -> anyhow::Result<Vec<u8>> {
    let mut client = server.connect(0).await?;
    client.ask(Work::Read).await?;
    ensure!(!client.body().is_empty(), "{} answers with nothing", server.name);
    Ok(client.body().to_vec())
}

/// Parses so many bytes, from the start of the answer again whenever it is at its end.
pub fn work(answer: &[u8], mut bytes: usize) {
    while bytes > 0 {
        let part = &answer[..bytes.min(answer.len())];
        // Most parts are no whole JSON.
        black_box(serde_json::from_slice::<Value>(part).is_ok());
        bytes -= part.len();
    }
}

/// Serves until the process is ended.
pub async fn serve(answer: &Path, bytes: usize) -> anyhow::Result<()> {
    let answer = Bytes::from(std::fs::read(answer)?);
    let show = move || {
        let answer = answer.clone();
        async move {
            work(&answer, bytes);
            ([(header::CONTENT_TYPE, "application/json")], answer)
        }
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
