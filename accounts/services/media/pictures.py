"""Uploaded pictures, read by their content and written anew: only the picture itself is kept.

Metadata (places, cameras, comments, programs hidden behind the picture) never reaches the new file. What is too large
is refused by its header, before anything of it is unpacked.
"""

import struct
import zlib
from dataclasses import dataclass, field
from io import BytesIO

from PIL import ExifTags, Image, ImageCms, ImageOps, ImageSequence, UnidentifiedImageError

from emailconcert.lib.errors import ExpectedError

# A photo is unpacked at a fraction of its size; of anything else, all of it is in memory twice.
SIDE, PHOTO_PIXELS, PIXELS = 16_000, 50_000_000, 25_000_000
_LYING = (5, 6, 7, 8)  # the orientations of Exif that turn a picture by a quarter
FRAMES, ANIMATED_PIXELS = 300, 40_000_000
# The largest that is kept: twice what the widest mail shows. Animations are shown at their own size.
WIDEST, TALLEST, ANIMATED_WIDEST = 2400, 6000, 1200
WIDTHS = (320, 640, 1200)
_FORMATS = ("PNG", "JPEG", "GIF", "WEBP")
_BEGINNINGS = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF")
_PHOTOS = ("JPEG", "MPO")
_LARGEST_PROFILE = 1 << 20
_QUICK_PIXELS = 1_000_000
# What Pillow raises when a file is not what it says, as fuzzing has shown.
_BROKEN = (
    OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, TypeError, OverflowError, AttributeError, AssertionError,
    RuntimeError, struct.error, zlib.error, MemoryError,
)  # fmt: skip


class BadPicture(ExpectedError):
    """The file is no picture, or not one that is taken; the sentence says what to do."""


@dataclass(frozen=True)
class Picture:
    """A picture written anew; `smaller` has the same at other widths, `still` an animation's first frame as PNG."""

    kind: str
    width: int
    height: int
    body: bytes
    smaller: dict[int, bytes] = field(default_factory=dict)
    still: bytes = b""

    @property
    def size(self) -> int:
        """Return how many bytes all of it takes."""
        return len(self.body) + len(self.still) + sum(map(len, self.smaller.values()))


def write_anew(raw: bytes) -> Picture:
    """Read an upload and write it anew with its smaller sizes. Raises `BadPicture`."""
    _refuse_by_beginning(raw)
    try:
        with Image.open(BytesIO(raw), formats=_FORMATS) as picture:
            _refuse_by_size(picture)
            picture.verify()
        with Image.open(BytesIO(raw), formats=_FORMATS) as picture:
            return _animation(picture) if _moves(picture) else _still(picture)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise BadPicture(f"This picture is too large. At most {SIDE:,} pixels on a side are taken.") from None
    except _BROKEN as error:
        if isinstance(error, UnidentifiedImageError) and not raw.startswith(_BEGINNINGS):
            raise BadPicture("This is no picture. Take a PNG, JPEG, GIF or WebP file.") from None
        raise BadPicture("This file is damaged. Save it again in a picture program, then upload that.") from None


def _refuse_by_beginning(raw: bytes) -> None:
    if not raw:
        raise BadPicture("This file is empty.")
    start = raw[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(b"<") and b"<svg" in start:
        raise BadPicture(
            "SVG files can carry programs, and most mail programs show none. Save it as PNG and upload that."
        )
    if raw[4:8] == b"ftyp" and raw[8:12] in (b"heic", b"heix", b"mif1", b"msf1", b"avif", b"avis"):
        raise BadPicture("Mail programs don’t show HEIC and AVIF. Save it as JPEG and upload that.")


def _refuse_by_size(picture: Image.Image) -> None:
    width, height = picture.size
    most = PHOTO_PIXELS if picture.format in _PHOTOS else PIXELS
    if max(width, height) > SIDE or width * height > most:
        raise BadPicture(
            f"This picture has {width:,} × {height:,} pixels. Make it smaller: at most {SIDE:,} pixels on a side "
            f"and {most // 1_000_000} million in all are taken."
        )


def _moves(picture: Image.Image) -> bool:
    return picture.format in ("GIF", "WEBP") and getattr(picture, "n_frames", 1) > 1


def _still(picture: Image.Image) -> Picture:
    is_photo = picture.format in _PHOTOS
    if is_photo:
        picture.draft(picture.mode, (WIDEST, WIDEST))
    whole = _clean(picture, (WIDEST, TALLEST))
    kind = "jpg" if is_photo or (picture.format == "WEBP" and whole.mode == "RGB") else "png"
    smaller = {width: _encode(_narrowed(whole, width), kind) for width in WIDTHS if width < whole.width}
    return Picture(kind, whole.width, whole.height, _encode(whole, kind), smaller)


def _animation(picture: Image.Image) -> Picture:
    count = getattr(picture, "n_frames", 1)
    if count > FRAMES or count * picture.width * picture.height > ANIMATED_PIXELS:
        raise BadPicture(
            f"This animation is too long. Make it smaller or shorter: at most {FRAMES} pictures are taken."
        )
    frames, times = [], []
    for frame in ImageSequence.Iterator(picture):
        frame.load()
        times.append(min(max(int(frame.info.get("duration", 100)), 20), 60_000))
        frames.append(_clean(frame, (ANIMATED_WIDEST, ANIMATED_WIDEST)))
    first = frames[0]
    has_holes = any(frame.mode == "RGBA" for frame in frames)
    if has_holes:
        frames = [frame.convert("RGBA") for frame in frames]
    repeats = {"loop": picture.info["loop"]} if isinstance(picture.info.get("loop"), int) else {}
    written = BytesIO()
    frames[0].save(
        written,
        "GIF",
        save_all=True,
        append_images=frames[1:],
        duration=times,
        disposal=2 if has_holes else 1,
        **repeats,
    )
    still = _encode(_narrowed(first, min(WIDTHS)), "png")
    return Picture("gif", first.width, first.height, written.getvalue(), still=still)


def _clean(picture: Image.Image, within: tuple[int, int]) -> Image.Image:
    """Return the picture upright in plain colours, no larger than `within`, with nothing beside its pixels."""
    profile = picture.info.get("icc_profile")
    if picture.mode.startswith("I;16"):
        picture = picture.point(lambda value: value / 256).convert("L")
    elif picture.mode in ("P", "1", "PA"):
        picture = picture.convert("RGBA" if "transparency" in picture.info or picture.mode == "PA" else "RGB")
    has_alpha = "A" in picture.mode or "transparency" in picture.info
    # Made small first and where it lies: a large one is in memory once.
    lies = picture.getexif().get(ExifTags.Base.Orientation, 1) in _LYING
    picture.thumbnail((within[1], within[0]) if lies else within, Image.Resampling.LANCZOS)
    upright = ImageOps.exif_transpose(picture)
    if not (profile and upright.mode == "CMYK"):
        upright = upright.convert("RGBA" if has_alpha else "RGB")
    plain = _in_common_colours(upright, profile)
    if plain.mode == "RGBA" and plain.getchannel("A").getextrema() == (255, 255):
        plain = plain.convert("RGB")
    plain.info = {}
    return plain


def _in_common_colours(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """Return the picture in sRGB; a profile that can't be read is left aside."""
    if profile and len(profile) <= _LARGEST_PROFILE:
        try:
            source = ImageCms.ImageCmsProfile(BytesIO(profile))
            mode = "RGBA" if picture.mode == "RGBA" else "RGB"
            found = ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), outputMode=mode)
            if found is not None:
                return found
        except (ImageCms.PyCMSError, OSError):
            pass
    return picture.convert("RGB") if picture.mode == "CMYK" else picture


def _narrowed(picture: Image.Image, width: int) -> Image.Image:
    if picture.width <= width:
        return picture
    height = max(1, round(picture.height * width / picture.width))
    return picture.resize((width, height), Image.Resampling.LANCZOS)


def _encode(picture: Image.Image, kind: str) -> bytes:
    written = BytesIO()
    if kind == "jpg":
        picture.convert("RGB").save(written, "JPEG", quality=85, optimize=True, progressive=True)
    else:
        picture.save(written, "PNG", optimize=picture.width * picture.height <= _QUICK_PIXELS)
    return written.getvalue()
