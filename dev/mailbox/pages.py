"""The mailbox's pages, as text; every value from a message goes through `escape`."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from urllib.parse import urlencode

from dev.mailbox.reading import Letter
from dev.mailbox.store import Summary

TABS = (("html", "HTML"), ("text", "Text"), ("source", "Source"), ("headers", "Headers"))
LINK = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)\]']")
HEAD = re.compile(r"<head(\s[^>]*)?>", re.IGNORECASE)


def _document(*, title: str, body: str) -> str:
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escape(title)}</title>
<link rel="stylesheet" href="/mailbox.css">
</head>
<body>
<header class="bar"><a class="brand" href="/">Mailbox</a><span class="hint">Nothing here left this machine</span></header>
<main>
{body}
</main>
</body>
</html>
"""


def _size(count: int) -> str:
    return f"{count:,} B" if count < 10_000 else f"{count / 1024:,.0f} kB"


def _when(moment: datetime) -> str:
    exact = moment.strftime("%Y-%m-%d %H:%M:%S UTC")
    today = moment.date() == datetime.now(UTC).date()
    return f'<time datetime="{moment.isoformat()}" title="{exact}">{moment.strftime("%H:%M:%S" if today else "%d %b %H:%M")}</time>'


def _row(message: Summary) -> str:
    more = f" +{len(message.recipients) - 1}" if len(message.recipients) > 1 else ""
    recipient = escape((message.recipients or ["nobody"])[0]) + more
    return (
        f'<li><a href="/messages/{message.id}"><span class="to">{recipient}</span>'
        f'<span class="subject">{escape(message.subject) or "(no subject)"}</span>'
        f'<span class="size">{_size(message.size)}</span>{_when(message.received_at)}</a></li>'
    )


def _paging(*, total: int, query: str, page: int, page_size: int) -> str:
    last = max(1, -(-total // page_size))
    if last == 1:
        return ""

    def link(number: int, words: str) -> str:
        if not 1 <= number <= last:
            return f'<span class="button off">{words}</span>'
        address = urlencode({"q": query, "page": number} if query else {"page": number})
        return f'<a class="button" href="/?{escape(address)}">{words}</a>'

    return (
        f'<nav class="paging" aria-label="Pages">{link(page - 1, "Newer")}'
        f"<span>Page {page:,} of {last:,}</span>{link(page + 1, 'Older')}</nav>"
    )


def _empty(query: str) -> str:
    if query:
        return f'<div class="empty"><p>No message has “{escape(query)}” in its recipient or subject.</p><a class="button" href="/">Show all</a></div>'
    return '<div class="empty"><p>No mail yet.</p><p>Whatever EmailConcert sends lands here: sign up, or send a test mail.</p></div>'


def list_page(*, messages: Sequence[Summary], total: int, query: str, page: int, page_size: int) -> str:
    """Return the list of messages, with search and paging."""
    rows = f'<ul class="list">{"".join(map(_row, messages))}</ul>' if messages else _empty(query)
    count = f"{total:,} message{'' if total == 1 else 's'}" + (" found" if query else "")
    delete = (
        '<form method="post" action="/delete-all"><button class="danger">Delete all</button></form>'
        if total and not query
        else ""
    )
    body = f"""<div class="head"><h1>{count}</h1>{delete}</div>
<form class="search" role="search" action="/">
<label class="hidden" for="q">Recipient or subject</label>
<input id="q" name="q" type="search" value="{escape(query)}" placeholder="Recipient or subject">
<button>Search</button>
</form>
{rows}
{_paging(total=total, query=query, page=page, page_size=page_size)}"""
    return _document(title=f"Mailbox – {count}", body=body)


def _text_with_links(text: str) -> str:
    parts, end = [], 0
    for match in LINK.finditer(text):
        address = escape(match.group())
        parts.append(escape(text[end : match.start()]))
        parts.append(f'<a href="{address}" target="_blank" rel="noreferrer noopener">{address}</a>')
        end = match.end()
    return "".join(parts) + escape(text[end:])


def _tab_body(*, tab: str, summary: Summary, letter: Letter, source: bytes, sandbox: str) -> str:
    if tab == "headers":
        rows = "".join(
            f"<tr><th scope=row>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in letter.headers
        )
        return f'<div class="sheet"><table>{rows}</table></div>'
    if tab == "source":
        return f'<pre class="sheet" tabindex="0">{escape(source.decode("utf-8", "replace"))}</pre>'
    if tab == "text":
        return f'<pre class="sheet prose" tabindex="0">{_text_with_links(letter.text or "")}</pre>'
    return f'<iframe class="sheet" title="The message" sandbox="{sandbox}" src="/messages/{summary.id}/html"></iframe>'


def _facts(summary: Summary, letter: Letter) -> str:
    facts = [
        ("From", letter.header("From") or summary.sender),
        ("To", ", ".join(summary.recipients)),
        ("Returns to", summary.sender or "nobody"),
    ]
    facts += (
        [("Attached", ", ".join(f"{name} ({_size(size)})" for name, size in letter.attachments))]
        if letter.attachments
        else []
    )
    rows = "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in facts)
    return f'<dl class="facts">{rows}<dt>Arrived</dt><dd>{_when(summary.received_at)}</dd></dl>'


def _one_click(letter: Letter) -> str:
    """Return the button that a mail program shows beside the sender. Source: RFC 8058 §3.2."""
    if letter.one_click is None:
        return ""
    return (
        f'<form method="post" action="{escape(letter.one_click)}" target="_blank">'
        '<input type="hidden" name="List-Unsubscribe" value="One-Click">'
        '<button title="Does what a mail program’s own unsubscribe button does">One-click unsubscribe</button></form>'
    )


def message_page(*, summary: Summary, letter: Letter, source: bytes, tab: str, sandbox: str) -> str:
    """Return one message: facts, tabs, and the body under the tab chosen (the first that there is)."""
    has = {"html": letter.html is not None, "text": letter.text is not None, "source": True, "headers": True}
    shown = tab if has.get(tab) else next(name for name, there in has.items() if there)
    tabs = "".join(
        f'<a href="/messages/{summary.id}?tab={name}"{" aria-current=page" if name == shown else ""}>{words}</a>'
        for name, words in TABS
        if has[name]
    )
    body = f"""<p class="back"><a href="/">← All messages</a></p>
<div class="head"><h1>{escape(summary.subject) or "(no subject)"}</h1>{_one_click(letter)}</div>
{_facts(summary, letter)}
<nav class="tabs" aria-label="Parts of the message">{tabs}</nav>
{_tab_body(tab=shown, summary=summary, letter=letter, source=source, sandbox=sandbox)}"""
    return _document(title=summary.subject or "(no subject)", body=body)


def with_new_tabs(html: str) -> str:
    """Return a message's HTML with its links opening in new tabs, in the standards mode that it asks for."""
    base = '<base target="_blank">'
    return HEAD.sub(lambda match: match.group() + base, html, count=1) if HEAD.search(html) else base + html


def not_found() -> str:
    """Return the page for an address that leads nowhere."""
    body = '<div class="empty"><p>There is no such message; it may have been deleted.</p><a class="button" href="/">All messages</a></div>'
    return _document(title="Not found", body=body)
