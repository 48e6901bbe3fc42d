import re
from types import SimpleNamespace

import pytest
from django import forms
from django.conf import settings
from django.contrib.messages import constants
from django.contrib.messages.storage.base import Message
from django.template import Context, Template, TemplateSyntaxError
from django.test import RequestFactory


def render(source, path="/contacts/", **context):
    request = RequestFactory().get(path)
    return Template("{% load shell %}" + source).render(Context({"request": request, **context}))


class PersonForm(forms.Form):
    name = forms.CharField(help_text="Only you see it.")
    city = forms.CharField(required=False)
    kind = forms.ChoiceField(choices=[("a", "A"), ("b", "B")], widget=forms.RadioSelect)
    agree = forms.BooleanField()
    secret = forms.CharField(widget=forms.HiddenInput)


def test_field_ties_help_and_error_to_the_input():
    form = PersonForm({})
    html = render("{% field form.name %}", form=form)
    assert 'aria-describedby="id_name_helptext id_name_error"' in html
    assert 'aria-invalid="true"' in html
    assert 'id="id_name_error"' in html
    assert "This field is required." in html


def test_field_says_optional_only_where_it_is():
    assert "(optional)" in render("{% field form.city %}", form=PersonForm())
    assert "(optional)" not in render("{% field form.name %}", form=PersonForm())


def test_field_groups_choices_under_a_legend():
    html = render("{% field form.kind %}", form=PersonForm())
    assert "<fieldset" in html
    assert html.count('type="radio"') == 2


def test_field_passes_attributes_to_the_widget():
    assert 'autocomplete="given-name"' in render('{% field form.name autocomplete="given-name" %}', form=PersonForm())


def test_field_refuses_what_is_no_field():
    with pytest.raises(TemplateSyntaxError):
        render("{% field form.nothing %}", form=PersonForm())


def test_form_fields_shows_errors_of_hidden_fields():
    html = render("{% form_fields form %}", form=PersonForm({"name": "Alice", "kind": "a", "agree": "on"}))
    assert "This field is required." in html


def test_button_escapes_its_label_and_attributes():
    html = render("{% button label data_confirm=question %}", label="<b>", question='"><script>')
    assert "&lt;b&gt;" in html
    assert "<script>" not in html


def test_th_sorts_up_then_down_keeps_filters_and_starts_paging_over():
    head = '{% th "Email" sort="email" %}'
    assert 'href="?status=subscribed&amp;sort=email"' in render(head, "/contacts/?status=subscribed&after=9")
    assert 'href="?sort=-email"' in render(head, "/contacts/?sort=email")
    assert 'aria-sort="descending"' in render(head, "/contacts/?sort=-email")


def test_chip_is_a_switch():
    chip = '{% chip "Subscribed" "status" "subscribed" %}'
    assert 'href="?q=a&amp;status=subscribed"' in render(chip, "/contacts/?q=a")
    assert 'href="?q=a"' in render(chip, "/contacts/?q=a&status=subscribed")


def test_search_box_keeps_filters_but_not_the_page():
    html = render('{% search_box "Search" %}', "/contacts/?status=pending&after=9&q=al")
    assert 'name="status" value="pending"' in html
    assert 'name="after"' not in html
    assert 'value="al"' in html


def test_pager_moves_by_key():
    html = render("{% pager after=key %}", "/contacts/?before=3&q=a", key="k7")
    assert 'href="?q=a&amp;after=k7"' in html
    assert "before=" not in html


def test_page_header_keeps_the_markup_of_its_buttons():
    html = render('{% page_header title %}{% button "New" href="/new/" %}{% endpage_header %}', title="<Campaigns>")
    assert '<a class="btn' in html
    assert "<h1>&lt;Campaigns&gt;</h1>" in html


def test_progress_polls_only_while_asked_to():
    assert 'hx-get="/p/"' in render('{% progress 1 2 poll="/p/" %}')
    assert "hx-get" not in render("{% progress 2 2 %}")


def test_state_of_unknown_word_is_neutral():
    assert "ec-tone-neutral" in render('{% state "mystery" %}')


def test_undo_button_posts_to_the_given_address():
    message = Message(constants.SUCCESS, "Deleted.", extra_tags="undo:/undo/7/")
    html = Template('{% include "components/messages.html" %}').render(Context({"messages": [message]}))
    assert 'action="/undo/7/"' in html


def test_toast_text_is_escaped():
    message = Message(constants.ERROR, "<script>alert(1)</script>")
    html = Template('{% include "components/messages.html" %}').render(Context({"messages": [message]}))
    assert "<script>" not in html


@pytest.mark.parametrize(("name", "letters"), [("Alice Berg", "AB"), ("alice", "A"), ("", "?"), ("a b c", "AC")])
def test_initials(name, letters):
    assert render("{{ person.name|initials }}", person=SimpleNamespace(name=name)) == letters


TABLE = (
    '{% table "People" %}<thead><tr>{% th "Name" %}{% th "Where" %}<th scope="col"><span class="visually-hidden">'
    "Actions</span></th></tr></thead><tbody><tr><td>{{ name }}</td><td> </td>"
    '<td class="ec-cell-actions"><button>Remove</button></td></tr></tbody>{% endtable %}'
)


def test_wide_table_names_its_cells_for_cards_and_keeps_its_roles():
    html = render(TABLE, name="Ada <b>")
    assert '<table class="ec-table ec-table-cards" role="table">' in html
    assert '<td role="cell" data-label="Name">Ada &lt;b&gt;</td>' in html
    assert '<td role="cell" data-label="Where" data-blank> </td>' in html
    assert '<td class="ec-cell-actions" role="cell"><button>' in html
    assert html.count('role="row"') == 2
    assert html.count('role="columnheader"') == 3


def test_small_table_stays_a_table():
    html = render('{% table "Tags" %}<thead><tr>{% th "A" %}{% th "B" %}</tr></thead><tbody></tbody>{% endtable %}')
    assert "ec-table-cards" not in html
    assert "ec-table-cards" not in render(TABLE.replace('"People"', '"People" cards_on_phone=False'))


def test_one_line_joins_an_address():
    assert render("{{ address|one_line }}", address="12 Quay Street,\r\nGalway H91\n\n") == "12 Quay Street, Galway H91"


def test_every_button_wears_a_look_of_the_design_system():
    """A bare `btn` is text without a frame, which nobody takes for a button."""
    bare = re.compile(r'class="btn(?! ec-btn-)(?![^"]* ec-btn-)[^"]*"')
    templates = (settings.BASE_DIR / "templates").rglob("*.html")

    assert [path.name for path in templates if bare.search(path.read_text())] == []
