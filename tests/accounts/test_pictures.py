"""Pictures read by their content and written anew."""

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from accounts.services.media import pictures
from accounts.services.media.pictures import BadPicture
from tests.accounts.pictures import GPS, animation, bomb, located_photo, picture


def opened(body):
    found = Image.open(BytesIO(body))
    found.load()
    return found


@pytest.mark.parametrize(
    ("raw", "kind", "mode"),
    [
        (picture("PNG"), "png", "RGB"),
        (picture("PNG", mode="RGBA", colour=(1, 2, 3, 100)), "png", "RGBA"),
        (picture("PNG", mode="RGBA", colour=(1, 2, 3, 255)), "png", "RGB"),
        (picture("PNG", mode="P", colour=3), "png", "RGB"),
        (picture("PNG", mode="I;16", colour=40_000), "png", "RGB"),
        (picture("JPEG"), "jpg", "RGB"),
        (picture("JPEG", mode="CMYK", colour=(0, 200, 200, 0)), "jpg", "RGB"),
        (picture("JPEG", mode="L", colour=90), "jpg", "RGB"),
        (picture("GIF"), "png", "RGB"),
        (picture("WEBP"), "jpg", "RGB"),
        (picture("WEBP", mode="RGBA", colour=(9, 9, 9, 9)), "png", "RGBA"),
    ],
)
def test_each_kind_becomes_one_that_mail_programs_show(raw, kind, mode):
    found = pictures.write_anew(raw)

    shown = opened(found.body)
    assert (found.kind, found.width, found.height, found.smaller) == (kind, 40, 30, {})
    assert (shown.size, shown.mode) == ((40, 30), mode)


def test_deep_grey_keeps_its_brightness():
    found = pictures.write_anew(picture("PNG", mode="I;16", colour=128 * 256))

    assert opened(found.body).getpixel((5, 5)) == (128, 128, 128)


def test_nothing_but_the_picture_is_kept_and_it_stands_upright():
    raw = located_photo()
    assert Image.open(BytesIO(raw)).getexif().get_ifd(GPS)

    found = pictures.write_anew(raw)

    shown = opened(found.body)
    assert (found.width, found.height, shown.size) == (200, 300, (200, 300))
    assert shown.getpixel((100, 20))[1] < 60  # the red half is on top
    assert shown.getpixel((100, 280))[1] > 200
    assert not shown.getexif()
    assert b"Secret" not in found.body
    assert set(shown.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density", "progressive", "progression"}


@pytest.mark.parametrize("format", ["PNG", "GIF", "WEBP"])
def test_comments_and_profiles_of_other_kinds_go_too(format):
    options = {
        "PNG": {"icc_profile": b"SecretProfile"},
        "GIF": {"comment": b"SecretComment"},
        "WEBP": {"xmp": b"SecretXmp"},
    }

    found = pictures.write_anew(picture(format, **options[format]) + b"Secret")

    assert b"Secret" not in found.body


def test_smaller_sizes_are_made_once_and_never_larger_than_the_picture():
    found = pictures.write_anew(picture("JPEG", size=(3000, 1500)))

    assert (found.width, found.height) == (2400, 1200)
    assert {width: opened(body).size for width, body in found.smaller.items()} == {
        320: (320, 160), 640: (640, 320), 1200: (1200, 600),
    }  # fmt: skip
    assert list(pictures.write_anew(picture("PNG", size=(640, 10))).smaller) == [320]


def test_animations_keep_moving_and_have_a_still():
    for raw in (animation(), animation(format="WEBP", lossless=True)):
        found = pictures.write_anew(raw)

        shown = opened(found.body)
        assert (found.kind, shown.n_frames, shown.info["loop"], shown.info["duration"]) == ("gif", 3, 0, 120)
        assert opened(found.still).convert("RGB").getpixel((5, 5)) == (255, 0, 0)
        shown.seek(2)
        assert shown.convert("RGB").getpixel((5, 5))[2] > 250
        assert b"NETSCAPE" in found.body


def test_an_animation_with_holes_keeps_them():
    one, two = (Image.new("RGBA", (40, 40), (0, 0, 0, 0)) for _ in range(2))
    one.paste((255, 0, 0, 255), (0, 0, 20, 40))
    two.paste((0, 0, 255, 255), (20, 0, 40, 40))
    written = BytesIO()
    one.save(written, "GIF", save_all=True, append_images=[two], duration=100, disposal=2)

    shown = opened(pictures.write_anew(written.getvalue()).body)

    shown.seek(1)
    second = shown.convert("RGBA")
    assert (second.getpixel((5, 5))[3], second.getpixel((30, 5))[:3]) == (0, (0, 0, 255))


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (b"", "empty"),
        (b"hello, this is a text", "no picture"),
        (b"%PDF-1.7 ...", "no picture"),
        (b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "SVG"),
        (b"  <SVG onload=alert(1)>", "SVG"),
        (b"\0\0\0\x20ftypheic\0\0\0\0mif1heic", "HEIC"),
        (b"<html><svg", "SVG"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "no picture"),
        (picture("BMP"), "no picture"),
        (picture("TIFF"), "no picture"),
        (bomb(), "too large"),
        (bomb(20_000, 100), "20,000 × 100"),
        (bomb(15_000, 15_000), "too large"),
        (bomb(5_001, 5_000), "25 million"),
        (bomb(100, 100), "damaged"),
        (picture("PNG", size=(200, 200))[:-40], "damaged"),
        (picture("JPEG", size=(900, 900))[:-500], "damaged"),
        (b"GIF89a", "damaged"),
        (b"GIF89a" + b"\xff" * 500, "damaged"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "damaged"),
        (picture("WEBP", size=(200, 200))[:-30], "damaged"),
    ],
    ids=str,
)
def test_what_is_no_sound_picture_is_refused_with_a_sentence(raw, sentence):
    with pytest.raises(BadPicture) as caught:
        pictures.write_anew(raw)

    assert sentence in str(caught.value)


def test_animations_that_unpack_to_too_much_are_refused(monkeypatch):
    raw = animation(frames=4)
    monkeypatch.setattr(pictures, "FRAMES", 3)
    with pytest.raises(BadPicture, match="too long"):
        pictures.write_anew(raw)
    monkeypatch.setattr(pictures, "FRAMES", 9)
    monkeypatch.setattr(pictures, "ANIMATED_PIXELS", 4 * 60 * 40 - 1)
    with pytest.raises(BadPicture, match="too long"):
        pictures.write_anew(raw)


_SOUND = [picture(kind, size=(24, 24)) for kind in ("PNG", "JPEG", "GIF", "WEBP")] + [animation(), located_photo()]


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # what Pillow notes of damage that it can read past
@given(
    raw=st.sampled_from(_SOUND),
    places=st.lists(st.tuples(st.integers(0, 10_000), st.binary(min_size=1, max_size=4)), max_size=8),
    cut=st.integers(0, 10_000),
)
def test_damage_never_brings_down_more_than_the_file(raw, places, cut):
    body = bytearray(raw)
    for place, put in places:
        at = place % len(body)
        body[at : at + len(put)] = put
    try:
        found = pictures.write_anew(bytes(body[: max(1, len(body) - cut % len(body))]))
    except BadPicture as error:
        found = None
        sentence = str(error)
    assert sentence.endswith(".") if found is None else opened(found.body).size == (found.width, found.height)
