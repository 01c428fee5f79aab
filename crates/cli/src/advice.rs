//! What to do about what a store refuses, in the words of the command line.

use lookback_store::Error;

/// What to try next, where there is something.
pub fn on(error: &Error) -> Option<&'static str> {
    Some(match error {
        Error::UnknownOrg(_) => "`lookback org list` shows those there are",
        Error::UnknownTeams(_) => "`lookback team list --org ORG` shows those of the organisation",
        Error::UnknownKey(_) => "`lookback key list --org ORG` shows those of the organisation",
        Error::IntegrationTeamIdTaken(_) => {
            "say another, or take it from that team with `lookback team update --no-integration-team-id`"
        }
        Error::BoundOrgAdmin(_) => {
            "make one that can be with `lookback key create --role team_admin --team TEAM`"
        }
        Error::UnknownCredential(_)
        | Error::LastAdmin
        | Error::Taken(_)
        | Error::Unavailable(_)
        | Error::OutcomeUnknown(_) => return None,
    })
}
