"""Pictures for tests, made when asked for."""

import struct
import zlib
from io import BytesIO

from PIL import Image

GPS = 0x8825


def picture(format="PNG", size=(40, 30), colour="teal", mode="RGB", **options):
    written = BytesIO()
    Image.new(mode, size, colour).save(written, format, **options)
    return written.getvalue()


def located_photo():
    """A photo that lies on its side, with the place it was taken at, a comment and a program behind it."""
    upright = Image.new("RGB", (300, 200), "white")
    upright.paste((200, 0, 0), (0, 0, 150, 200))
    exif = Image.Exif()
    exif[0x0112] = 6  # turn it to the right
    exif[0x010F] = "SecretCamera"
    exif[GPS] = {1: "N", 2: (53.0, 20.0, 59.0)}
    written = BytesIO()
    upright.save(written, "JPEG", exif=exif, comment=b"SecretComment", quality=95)
    return written.getvalue() + b"<script>SecretProgram</script>"


def animation(frames=3, size=(60, 40), format="GIF", **options):
    pictures = [Image.new("RGB", size, colour) for colour in ("red", "green", "blue", "white")[:frames]]
    written = BytesIO()
    pictures[0].save(written, format, save_all=True, append_images=pictures[1:], duration=120, loop=0, **options)
    return written.getvalue()


def bomb(width=60_000, height=60_000):
    """A PNG of a few bytes that says it is huge."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
