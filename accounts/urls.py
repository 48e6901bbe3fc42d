"""Addresses of sign-up, sign-in, one's own profile and the account's settings."""

from django.urls import path

from accounts.views import account, invitations, profile, resetting, security, signing_in, signing_up, team

app_name = "accounts"

urlpatterns = [
    path("sign-up/", signing_up.sign_up, name="sign-up"),
    path("sign-up/sent/", signing_up.sent, name="sign-up-sent"),
    path("sign-up/confirm/<str:token>/", signing_up.confirm, name="confirm-sign-up"),
    path("sign-up/confirm/<str:token>/yes/", signing_up.do_confirm, name="do-confirm-sign-up"),
    path("sign-in/", signing_in.sign_in, name="sign-in"),
    path("sign-in/code/", signing_in.code, name="sign-in-code"),
    path("sign-out/", signing_in.sign_out, name="sign-out"),
    path("password/reset/", resetting.ask, name="password-reset"),
    path("password/reset/sent/", resetting.sent, name="password-reset-sent"),
    path("password/reset/<str:token>/", resetting.choose, name="password-reset-confirm"),
    path("invitations/<str:secret>/", invitations.show, name="invitation"),
    path("invitations/<str:secret>/accept/", invitations.accept, name="accept-invitation"),
    path("invitations/<str:secret>/join/", invitations.join, name="join"),
    path("no-account/", account.no_account, name="no-account"),
    path("switch/", account.switch, name="switch"),
    path("settings/", account.settings, name="settings"),
    path("settings/business/", account.business, name="business"),
    path("settings/audit/", account.audit, name="audit"),
    path("settings/team/", team.team, name="team"),
    path("settings/team/invite/", team.invite, name="invite"),
    path("settings/team/leave/", team.leave, name="leave"),
    path("settings/team/transfer/", team.transfer, name="transfer"),
    path("settings/team/invitations/<int:pk>/withdraw/", team.withdraw, name="withdraw-invitation"),
    path("settings/team/<int:pk>/role/", team.change_role, name="change-role"),
    path("settings/team/<int:pk>/remove/", team.remove, name="remove-member"),
    path("settings/profile/", profile.profile, name="profile"),
    path("settings/profile/email/", profile.change_email, name="change-email"),
    path("settings/profile/email/<str:token>/", profile.prove_email, name="prove-email"),
    path("settings/profile/email/<str:token>/yes/", profile.do_prove_email, name="do-prove-email"),
    path("settings/profile/password/", profile.change_password, name="change-password"),
    path("settings/profile/security/", security.security, name="security"),
    path("settings/profile/security/app/", security.enrol, name="enrol"),
    path("settings/profile/security/app/disable/", security.disable, name="disable-second-factor"),
    path("settings/profile/security/codes/", security.renew_codes, name="renew-codes"),
    path("settings/profile/security/sessions/end-others/", security.end_other_sessions, name="end-other-sessions"),
    path("settings/profile/security/sessions/<str:handle>/end/", security.end_session, name="end-session"),
    path("settings/profile/security/devices/<int:pk>/forget/", security.forget_device, name="forget-device"),
]
