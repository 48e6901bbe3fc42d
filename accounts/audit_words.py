"""What the audit log's actions are called on pages. Apps above name theirs with `register`."""

_words: dict[str, str] = {
    "account.opened": "Opened the account",
    "account.changed": "Changed the business settings",
    "account.suspended": "Account suspended",
    "account.reinstated": "Account reinstated",
    "account.quota_changed": "Sending quota changed",
    "account.rate_changed": "Sending rate changed",
    "sending.limits_changed": "Sending limits changed",
    "domain.warm_up_on": "Warm-up plan switched on",
    "domain.warm_up_off": "Warm-up plan switched off",
    "domain.warm_up_skipped": "Warm-up plan moved on by a day",
    "sign_in.succeeded": "Signed in",
    "sign_in.failed": "Failed to sign in",
    "sign_in.locked": "Locked out after failed sign-ins",
    "sign_out": "Signed out",
    "media.added": "Added a picture",
    "media.changed": "Changed a picture’s name or alternative text",
    "media.deleted": "Deleted a picture",
    "media.restored": "Brought a picture back",
    "media.removed": "Removed a picture for good",
    "profile.confirmed": "Confirmed their address",
    "profile.changed": "Changed their profile",
    "profile.address_change_asked": "Asked to change their address",
    "profile.address_changed": "Changed their address",
    "password.changed": "Changed their password",
    "second_factor.enrolled": "Set up a second factor",
    "second_factor.removed": "Removed their second factor",
    "second_factor.codes_renewed": "Renewed their recovery codes",
    "second_factor.failed": "Failed the second factor",
    "session.ended": "Signed out another browser",
    "device.forgotten": "Forgot a remembered browser",
    "team.invited": "Invited a member",
    "team.invitation_withdrawn": "Took an invitation back",
    "team.joined": "Joined the team",
    "team.left": "Left the team",
    "team.removed": "Removed a member",
    "team.role_changed": "Changed a role",
    "team.ownership_transferred": "Handed the account over",
}


def register(words: dict[str, str]) -> None:
    """Name the actions of an app, in the past tense, for example {"campaign.sent": "Sent a campaign"}."""
    _words.update(words)


def words_for(action: str) -> str:
    """Return what an action is called; one that nobody named reads as its own words."""
    return _words.get(action) or action.replace(".", ": ").replace("_", " ").capitalize()
