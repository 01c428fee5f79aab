//! A connection while an operation has it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use deadpool_postgres::Object;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Statement};

use crate::failure::Outcome;

pub(crate) type Params<'a> = &'a [&'a (dyn ToSql + Sync)];

/// A connection while an operation has it. It goes back to the pool where the operation came to its end; one that was
/// given up may be in the middle of a transaction or of an answer, and is closed.
#[derive(Clone)]
pub(crate) struct Session(Arc<Leased>);

struct Leased {
    connection: Option<Object>,
    at_rest: AtomicBool,
}

impl Session {
    pub(crate) fn new(connection: Object) -> Self {
        Self(Arc::new(Leased { connection: Some(connection), at_rest: AtomicBool::new(false) }))
    }

    /// Nothing is open any more: the connection may serve others.
    pub(crate) fn rest(&self) {
        self.0.at_rest.store(true, Ordering::Relaxed);
    }

    fn connection(&self) -> &Object {
        self.0.connection.as_ref().expect("it is taken when the session is dropped")
    }

    /// A statement, prepared once a connection.
    pub(crate) async fn prepared(&self, sql: &str) -> Outcome<Statement> {
        Ok(self.connection().prepare_cached(sql).await?)
    }

    /// Every row.
    pub(crate) async fn all(&self, sql: &str, params: Params<'_>) -> Outcome<Vec<Row>> {
        let statement = self.prepared(sql).await?;
        Ok(self.connection().query(&statement, params).await?)
    }

    /// The row, where there is one.
    pub(crate) async fn one(&self, sql: &str, params: Params<'_>) -> Outcome<Option<Row>> {
        let statement = self.prepared(sql).await?;
        Ok(self.connection().query_opt(&statement, params).await?)
    }

    /// How many rows were changed.
    pub(crate) async fn change(&self, sql: &str, params: Params<'_>) -> Outcome<u64> {
        let statement = self.prepared(sql).await?;
        Ok(self.connection().execute(&statement, params).await?)
    }

    /// Says something that has no answer, such as BEGIN.
    pub(crate) async fn say(&self, sql: &str) -> Outcome<()> {
        Ok(self.connection().batch_execute(sql).await?)
    }
}

impl Drop for Leased {
    fn drop(&mut self) {
        if !self.at_rest.load(Ordering::Relaxed) {
            self.connection.take().map(Object::take);
        }
    }
}
