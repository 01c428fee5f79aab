//! The connections of a replica.

use deadpool_postgres::{Manager, ManagerConfig, RecyclingMethod, Runtime};

use crate::address::Address;
use crate::failure::Outcome;
use crate::session::Session;
use crate::{OpenError, Options, tls};

/// A bounded number of connections, made when they are needed.
#[derive(Clone)]
pub(crate) struct Pool(deadpool_postgres::Pool);

impl Pool {
    pub(crate) fn new(address: &Address, options: &Options) -> Result<Self, OpenError> {
        let tls = tls::connector(address.roots.as_deref())?;
        // A lost connection is noticed when its socket closes, or by the operation that waits for it.
        let config = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(address.config.clone(), tls, config);
        let time_max = Some(options.operation_time_max);
        let pool = deadpool_postgres::Pool::builder(manager)
            .max_size(options.connections_max.max(1))
            .wait_timeout(time_max)
            .create_timeout(time_max)
            .recycle_timeout(time_max)
            .runtime(Runtime::Tokio1)
            .build();
        Ok(Self(pool.map_err(|error| OpenError::Connect(Box::new(error)))?))
    }

    /// A connection for one operation.
    pub(crate) async fn session(&self) -> Outcome<Session> {
        Ok(Session::new(self.0.get().await?))
    }

    /// Connections that are open, idle among them, and callers that wait for one.
    pub(crate) fn numbers(&self) -> (usize, usize, usize) {
        let status = self.0.status();
        (status.size, status.available, status.waiting)
    }

    pub(crate) fn close(&self) {
        self.0.close();
    }
}
