//! How to serve. The flags and the keys of the configuration file's `[server]` table are declared here, once.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::Args as ClapArgs;
use lookback_domain::{Name, OrgId, Region, TeamId};
use serde::{Deserialize, Serialize};

use crate::server::Network;

use super::one_of;

#[derive(Debug, Clone, Default, ClapArgs, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Serve {
    /// Where to listen; port 0 takes any free one [default: 127.0.0.1:8080]
    #[arg(long, env = "LOOKBACK_LISTEN", value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
    /// Where to serve /metrics, instead of beside the API
    #[arg(long, env = "LOOKBACK_METRICS_LISTEN", value_name = "ADDR")]
    pub metrics_listen: Option<SocketAddr>,
    /// A PEM file with the certificate chain to serve HTTPS with, instead of HTTP; read again where it has changed
    #[arg(long, env = "LOOKBACK_TLS_CERTIFICATE_FILE", value_name = "FILE")]
    pub tls_certificate_file: Option<PathBuf>,
    /// A PEM file with the certificate's private key
    #[arg(long, env = "LOOKBACK_TLS_KEY_FILE", value_name = "FILE")]
    pub tls_key_file: Option<PathBuf>,
    /// A network, or an address, whose X-Forwarded-For header is believed; may be repeated [default: none]
    #[arg(long, env = "LOOKBACK_TRUSTED_PROXY", value_name = "CIDR", value_delimiter = ',')]
    pub trusted_proxy: Vec<Network>,
    /// Requests worked on at once; further ones are answered 503 [default: 512]
    #[arg(long, env = "LOOKBACK_REQUESTS_MAX", value_name = "COUNT")]
    pub requests_max: Option<NonZeroU32>,
    /// Connections open at once; further ones wait [default: 4096]
    #[arg(long, env = "LOOKBACK_CONNECTIONS_MAX", value_name = "COUNT")]
    pub connections_max: Option<NonZeroU32>,
    /// Connections from one address, where it is no trusted proxy's; further ones are closed [default: 1024]
    #[arg(long, env = "LOOKBACK_CONNECTIONS_PER_CLIENT_MAX", value_name = "COUNT")]
    pub connections_per_client_max: Option<NonZeroU32>,
    /// MiB of large answers that clients have not taken; a further one is answered 503 [default: 256]
    #[arg(long, env = "LOOKBACK_ANSWERS_MIB_MAX", value_name = "MIB")]
    pub answers_mib_max: Option<NonZeroU32>,
    /// MiB of memory for preferences of teams that were read, in the embedded store; 0 keeps none [default: 256]
    #[arg(long, env = "LOOKBACK_CACHE_MIB_MAX", value_name = "MIB")]
    pub cache_mib_max: Option<u32>,
    /// Days the audit log is kept; 0 keeps it for ever [default: 400]
    #[arg(long, env = "LOOKBACK_AUDIT_DAYS", value_name = "DAYS")]
    pub audit_days: Option<u32>,
    /// Seconds a request may take, its body included; then it is answered 503 [default: 30]
    #[arg(long, env = "LOOKBACK_REQUEST_SECONDS_MAX", value_name = "SECONDS")]
    pub request_seconds_max: Option<NonZeroU32>,
    /// Seconds a client may take to send the head of a request, or may leave a connection unused [default: 15]
    #[arg(long, env = "LOOKBACK_HEAD_SECONDS_MAX", value_name = "SECONDS")]
    pub head_seconds_max: Option<NonZeroU32>,
    /// Seconds a client may take to send a body; then it is answered 408 [default: 10]
    #[arg(long, env = "LOOKBACK_BODY_SECONDS_MAX", value_name = "SECONDS")]
    pub body_seconds_max: Option<NonZeroU32>,
    /// Seconds a client may take to take an answer; then it is cut off [default: 30]
    #[arg(long, env = "LOOKBACK_ANSWER_SECONDS_MAX", value_name = "SECONDS")]
    pub answer_seconds_max: Option<NonZeroU32>,
    /// Seconds the requests at hand may take once the server is told to end; then they are cut off [default: 20]
    #[arg(long, env = "LOOKBACK_DRAIN_SECONDS_MAX", value_name = "SECONDS")]
    pub drain_seconds_max: Option<u32>,
    /// A file with a management key (see `lookback key generate`) that an empty store gets, with an organisation
    /// and a team; where there is anything in the store it is left alone
    #[arg(long, env = "LOOKBACK_FIRST_KEY_FILE", value_name = "FILE")]
    pub first_key_file: Option<PathBuf>,
    /// The id of that organisation [default: a new one]
    #[arg(long, env = "LOOKBACK_FIRST_ORG_ID", value_name = "ID")]
    pub first_org_id: Option<OrgId>,
    /// What to call it [default: My organisation]
    #[arg(long, env = "LOOKBACK_FIRST_ORG_NAME", value_name = "NAME")]
    pub first_org_name: Option<Name>,
    /// The id of that team [default: a new one]
    #[arg(long, env = "LOOKBACK_FIRST_TEAM_ID", value_name = "ID")]
    pub first_team_id: Option<TeamId>,
    /// What to call it [default: My team]
    #[arg(long, env = "LOOKBACK_FIRST_TEAM_NAME", value_name = "NAME")]
    pub first_team_name: Option<Name>,
    /// Where it lives: us or eu [default: us]
    #[arg(long, env = "LOOKBACK_FIRST_TEAM_REGION", value_name = "REGION", value_parser = one_of(Region::ALL, Region::as_str), hide_possible_values = true)]
    pub first_team_region: Option<Region>,
}
