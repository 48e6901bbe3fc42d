"""The plain layout around Markdown and rich text, and the footer that every bulk mail must have.

600 px, one column, light and dark; tables and inline styles because that is what mail programs understand.
"""

_STYLE = """
body { margin: 0; padding: 0; background: #f4f5f7; }
.ec-page { width: 100%; background: #f4f5f7; }
.ec-card { width: 100%; max-width: 600px; background: #ffffff; border-radius: 8px; }
.ec-body { padding: 32px; font-family: -apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif;
  font-size: 16px; line-height: 1.5; color: #1f2933; }
.ec-body h1 { font-size: 26px; line-height: 1.25; margin: 0 0 16px; }
.ec-body h2 { font-size: 20px; line-height: 1.3; margin: 24px 0 12px; }
.ec-body h3 { font-size: 17px; line-height: 1.35; margin: 20px 0 8px; }
.ec-body p, .ec-body ul, .ec-body ol { margin: 0 0 16px; }
.ec-body a { color: #1d4ed8; }
.ec-body img { max-width: 100%; height: auto; border: 0; }
.ec-body blockquote { margin: 0 0 16px; padding: 0 0 0 16px; border-left: 3px solid #cbd2d9; color: #52606d; }
.ec-body pre, .ec-body code { font-family: Menlo, Consolas, monospace; font-size: 14px; background: #f4f5f7; }
.ec-body pre { padding: 12px; white-space: pre-wrap; }
.ec-body hr { border: 0; border-top: 1px solid #cbd2d9; margin: 24px 0; }
@media (prefers-color-scheme: dark) {
  body, .ec-page { background: #111418 !important; }
  .ec-card { background: #1b2026 !important; }
  .ec-body { color: #e4e7eb !important; }
  .ec-body a { color: #93c5fd !important; }
  .ec-foot, .ec-foot a { color: #9aa5b1 !important; }
}
@media (max-width: 620px) { .ec-body { padding: 20px !important; } }
"""

FOOTER = (
    '<div class="ec-foot" style="padding: 16px 32px 32px; text-align: center; font-family: Helvetica, Arial, sans-serif;'
    ' font-size: 13px; line-height: 1.5; color: #52606d;">'
    "{{ account.name }}<br>{{ account.postal_address | newline_to_br }}<br>"
    '<a style="color: #52606d;" href="{{ unsubscribe_url }}">Unsubscribe</a> · '
    '<a style="color: #52606d;" href="{{ preferences_url }}">Preferences</a> · '
    '<a style="color: #52606d;" href="{{ view_url }}">View in browser</a></div>'
)


def wrap(body: str) -> str:
    """Return a whole HTML document around converted Markdown or rich text."""
    return (
        '<!DOCTYPE html><html><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">'
        f"<title></title><style>{_STYLE}</style></head><body>"
        '<table role="presentation" class="ec-page" cellpadding="0" cellspacing="0" border="0"><tr>'
        '<td align="center" style="padding: 24px 12px;">'
        '<table role="presentation" class="ec-card" cellpadding="0" cellspacing="0" border="0"><tr>'
        f'<td class="ec-body" align="left">{body}</td></tr></table></td></tr></table></body></html>'
    )


def hidden_preheader(text: str) -> str:
    """Return the line that inboxes show after the subject, hidden in the mail itself."""
    return (
        '<div style="display:none;max-height:0;max-width:0;overflow:hidden;opacity:0;font-size:1px;line-height:1px;">'
        f"{text}</div>"
    )
