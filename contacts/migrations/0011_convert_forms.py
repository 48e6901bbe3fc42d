"""Make blueprints of the forms there are: what is online becomes the version of its number, and the draft."""

import hashlib
import json

from django.db import migrations

_FORMS = """
    SELECT f.id, f.account_id, f.version, f.fields, f.list_id, f.title, f.intro, f.consent_wording, f.button, f.thanks,
           a.language, f.created_at
    FROM contacts_form f JOIN accounts_account a ON a.id = f.account_id
    WHERE f.id > %s AND f.draft = '{}'::jsonb ORDER BY f.id LIMIT 500
"""
_COUNTS = """
    INSERT INTO contacts_formday (account_id, form_id, day, submissions, confirmations)
    SELECT account_id, form_id, (submitted_at AT TIME ZONE 'UTC')::date, count(*), count(confirmed_at)
    FROM contacts_formsubmission GROUP BY 1, 2, 3
    ON CONFLICT (account_id, form_id, day) DO NOTHING
"""
_WORDING = """
    INSERT INTO privacy_wording (account_id, text_hash, text, created_at) VALUES (%s, %s, %s, now())
    ON CONFLICT (account_id, text_hash) DO UPDATE SET text = EXCLUDED.text RETURNING id
"""
_VERSION = """
    INSERT INTO contacts_formversion (account_id, form_id, number, blueprint, wordings, published_at)
    VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (account_id, form_id, number) DO NOTHING
"""


def convert(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        last = 0
        while True:
            cursor.execute(_FORMS, [last])
            rows = cursor.fetchall()
            if not rows:
                break
            for row in rows:
                _convert(cursor, row)
            last = rows[-1][0]
        cursor.execute(_COUNTS)


def _convert(cursor, row):
    pk, account_id, number, names, list_id, title, intro, wording, button, thanks, language, made_at = row
    language = language if language in {"en", "de", "fr", "es"} else "en"
    cursor.execute("SELECT key, label, type, choices FROM contacts_customfield WHERE account_id = %s", [account_id])
    own = {f"field:{key}": (label, kind, choices) for key, label, kind, choices in cursor.fetchall()}
    questions = []
    for name in dict.fromkeys(names):
        if name in {"first_name", "last_name"}:
            label, kind, choices = "", "name", []
        elif name in own:
            label, kind, choices = own[name]
        else:
            continue
        questions.append(
            {
                "field": name,
                "required": False,
                "hidden": False,
                "value": "",
                "kind": kind,
                "choices": choices,
                "label": label,
            }
        )
    texts = {"title": title, "intro": intro, "consent": wording, "button": button, "thanks": thanks}
    blueprint = json.dumps(
        {
            "questions": questions,
            "lists": [list_id],
            "choosing": "fixed",
            "boxes": [],
            "look": {"accent": "#2f55d4", "ground": "#f6f7f9", "font": "system", "layout": "card", "logo": ""},
            "redirect": "",
            "languages": [language],
            "texts": {language: {key: text for key, text in texts.items() if text}},
        }
    )
    cursor.execute(_WORDING, [account_id, hashlib.sha256(wording.encode()).digest(), wording])
    wordings = json.dumps({language: {"consent": cursor.fetchone()[0]}})
    cursor.execute(_VERSION, [account_id, pk, number, blueprint, wordings, made_at])
    cursor.execute("UPDATE contacts_form SET draft = %s WHERE id = %s", [blueprint, pk])


def take_back(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("DELETE FROM contacts_formday")
        cursor.execute("DELETE FROM contacts_formversion")
        cursor.execute("UPDATE contacts_form SET draft = '{}'::jsonb")


class Migration(migrations.Migration):
    dependencies = [("contacts", "0010_hosted_forms"), ("privacy", "0001_initial")]

    operations = [migrations.RunPython(convert, take_back)]
