//! How to serve. The flags and the keys of the configuration file's `[server]` table are declared here, once.

use std::net::SocketAddr;
use std::num::NonZeroU32;

use clap::Args as ClapArgs;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Default, ClapArgs, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Serve {
    /// Where to listen; port 0 takes any free one [default: 127.0.0.1:8080]
    #[arg(long, env = "LOOKBACK_LISTEN", value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
    /// Where to serve /metrics, instead of beside the API
    #[arg(long, env = "LOOKBACK_METRICS_LISTEN", value_name = "ADDR")]
    pub metrics_listen: Option<SocketAddr>,
    /// A network whose X-Forwarded-For header is believed; may be repeated [default: none]
    #[arg(long, env = "LOOKBACK_TRUSTED_PROXY", value_name = "CIDR", value_delimiter = ',')]
    pub trusted_proxy: Vec<IpNet>,
    /// Requests worked on at once; further ones are answered 503 [default: 512]
    #[arg(long, env = "LOOKBACK_REQUESTS_MAX", value_name = "COUNT")]
    pub requests_max: Option<NonZeroU32>,
    /// Connections open at once; further ones wait [default: 4096]
    #[arg(long, env = "LOOKBACK_CONNECTIONS_MAX", value_name = "COUNT")]
    pub connections_max: Option<NonZeroU32>,
    /// Seconds a request may take, its body included; then it is answered 503 [default: 30]
    #[arg(long, env = "LOOKBACK_REQUEST_SECONDS_MAX", value_name = "SECONDS")]
    pub request_seconds_max: Option<NonZeroU32>,
    /// Seconds a client may take to send the head of a request, or may leave a connection unused [default: 15]
    #[arg(long, env = "LOOKBACK_HEAD_SECONDS_MAX", value_name = "SECONDS")]
    pub head_seconds_max: Option<NonZeroU32>,
    /// Seconds a client may take to send a body; then it is answered 408 [default: 10]
    #[arg(long, env = "LOOKBACK_BODY_SECONDS_MAX", value_name = "SECONDS")]
    pub body_seconds_max: Option<NonZeroU32>,
    /// Seconds a client may take nothing of its answer; then it is cut off [default: 10]
    #[arg(long, env = "LOOKBACK_STALL_SECONDS_MAX", value_name = "SECONDS")]
    pub stall_seconds_max: Option<NonZeroU32>,
    /// Seconds the requests at hand may take once the server is told to end; then they are cut off [default: 20]
    #[arg(long, env = "LOOKBACK_DRAIN_SECONDS_MAX", value_name = "SECONDS")]
    pub drain_seconds_max: Option<u32>,
}
