import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from accounts.passwords import BreachedPasswordValidator, _leaked

ADA = User(name="Ada Lovelace", email="ada@example.org")


@pytest.mark.parametrize(
    "password",
    [
        "password123",
        "P@ssw0rd2027!",
        "Summer2026!!",
        "!!Welcome1!!",
        "qwertyuiop",
        "poiuytrewq",
        "1234567890",
        "98765432109",
        "aaaaaaaaaaaa",
        "abababababab",
        "dragonmonkey",
        "sunshine-princess",
        "letmeinletmein",
        "EmailConcert1",
        "Newsletter2027",
        "lovelace1815!",
        "iloveyou-2025",
        "  Passwort123 ",
    ],
)
def test_what_guessers_try_first_is_refused(password):
    with pytest.raises(ValidationError):
        BreachedPasswordValidator().validate(password, ADA)


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "a rather long passphrase",
        "vK3#tq9!Lm2x",
        "teapot under seven rivers",
        "Гусь и зонтик вдвоём",
        "8f3kq02mzp1v",
    ],
)
def test_good_passwords_pass(password):
    validate_password(password, ADA)


def test_short_password_is_refused_by_the_settings():
    with pytest.raises(ValidationError):
        validate_password("vK3#tq9!L", ADA)


@given(
    st.sampled_from(sorted(word for word in _leaked() if len(word) >= 6 and word.isalpha())[::50]),
    st.sampled_from([str.lower, str.upper, str.capitalize]),
    st.from_regex(r"[0-9!?.#*-]{0,6}", fullmatch=True),
)
def test_leaked_words_with_capitals_and_endings_are_refused(word, case, ending):
    with pytest.raises(ValidationError):
        BreachedPasswordValidator().validate(case(word) + ending)


@given(st.text(max_size=200))
def test_any_text_gets_the_same_answer_twice(password):
    answers = [_refused(password), _refused(password)]

    assert answers[0] == answers[1]


def _refused(password):
    try:
        BreachedPasswordValidator().validate(password, ADA)
    except ValidationError as error:
        return error.code
    return None
