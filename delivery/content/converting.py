"""From one way of writing to another, as far as it goes; what was there is kept as a version by who calls."""

from delivery.content import compiling, layout, mjml, rich
from delivery.content.html import check_shape
from delivery.content.placeholders import SetAside
from delivery.content.problems import CannotCompile
from delivery.content.reading import as_text
from delivery.content.scan import scan

_BARE = {"style", "title", "script"}
_MJML = """<mjml>
  <mj-head>{head}</mj-head>
  <mj-body background-color="#f4f5f7">
    <mj-section background-color="#ffffff">
      <mj-column>
        <mj-text font-size="16px" line-height="1.5">
{body}
        </mj-text>
      </mj-column>
    </mj-section>
  </mj-body>
</mjml>
"""


def convert(source: str, *, was: str, to: str) -> str:
    """Return what was written in one way in another one. Raises `CannotCompile` where what was there can't be read."""
    was, to = ("mjml" if each == "visual" else each for each in (was, to))
    if was == to or not source.strip():
        return source
    if was == "rich" and to == "markdown":
        return source  # Markdown takes HTML as it is
    if to == "html":
        return layout.wrap(_inside(source, was)) if was in compiling.IN_LAYOUT else _mjml_to_html(source)
    inside = _inside(source, was)
    if to == "mjml":
        styles = "\n".join(_styles(source)) if was == "html" else ""
        return _MJML.format(head=f"<mj-style>{styles}</mj-style>" if styles.strip() else "", body=inside.strip())
    aside = SetAside(rich.plain_liquid(inside))
    problems = check_shape(aside.text)
    if problems:
        raise CannotCompile(problems)
    if to == "rich":
        return aside.put_back(rich.clean(aside.bare(aside.text)).strip())
    text = as_text(aside.bare(aside.text))
    return aside.put_back("\n".join(line.strip() for line in text.strip().splitlines())) + "\n"


def _inside(source: str, was: str) -> str:
    """Return the HTML of the body, Liquid still in it."""
    if was == "markdown":
        aside = SetAside(source)
        return aside.put_back(compiling.markdown_to_html(aside))
    if was == "rich":
        return source
    aside = SetAside(_mjml_to_html(source) if was == "mjml" else source)
    return aside.put_back(_body(aside.text))


def _body(html: str) -> str:
    """Return what stands in <body>, or all where there is none, without what shows nothing."""
    out: list[str] = []
    has_begun = False
    for token in scan(html):
        if token.name == "body":
            if token.kind == "close":
                break
            if not has_begun:
                has_begun = True
                out.clear()
        elif token.name not in _BARE:
            out.append(token.text)
    return "".join(out)


def _styles(html: str) -> list[str]:
    return [token.text for token in scan(html) if token.kind == "raw" and token.name == "style"]


def _mjml_to_html(source: str) -> str:
    aside = SetAside(source)
    made = mjml.to_html(aside.text, place=aside.place, pieces=aside.numbers, at_piece=aside.place_of)
    if not isinstance(made, str):
        raise CannotCompile(made)
    return aside.put_back(made)
