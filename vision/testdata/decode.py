"""Draws the pictures in decode/ and writes decode.txt: what Pillow decodes them to.

A row is: file, width, height, SHA-256 of exif_transpose(picture).convert("RGB"). JPEG files also get NAME.want.png with
these pixels, since the test allows image/jpeg its own rounding. Run in this folder with Pillow 9.4 and cjpeg of
libjpeg-turbo 2.1.5 (Debian: apt-get install python3-pil libjpeg-turbo-progs; /usr/bin/python3 decode.py).
"""
import hashlib
import io
import math
import os
import struct
import subprocess
import zlib

import PIL
from PIL import Image, ImageOps

OUT = "decode"


def scene(width, height):
    """A smooth colourful background with hard edges."""
    im = Image.new("RGB", (width, height))
    px = im.load()
    for y in range(height):
        for x in range(width):
            r = 128 + 127 * math.sin(x / 5.0 + y / 11.0)
            g = 128 + 127 * math.sin(x / 9.0 - y / 4.0)
            b = 255 * y / height
            if (x - width / 2) ** 2 + (y - height / 2) ** 2 < (min(width, height) / 4) ** 2:
                r, g, b = 250, 20, 30
            if abs(x - y) < 2:
                r, g, b = 10, 240, 250
            px[x, y] = (int(r), int(g), int(b))
    return im


def exif(orientation):
    e = Image.Exif()
    e[0x010F] = "camera"
    e[0x0112] = orientation
    return e.tobytes()


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png16(path, width, height, color, channels):
    rows = b""
    for y in range(height):
        rows += b"\0"
        for x in range(width):
            for c in range(channels):
                rows += struct.pack(">H", (x * 1777 + y * 2999 + c * 20011) & 0xFFFF)
    head = struct.pack(">IIBBBBB", width, height, 16, color, 0, 0, 0)
    with open(path, "wb") as f:
        f.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def cjpeg(path, im, *args):
    ppm = io.BytesIO()
    im.save(ppm, "PPM")
    with open(path, "wb") as f:
        f.write(subprocess.run(["cjpeg", *args], input=ppm.getvalue(), capture_output=True, check=True).stdout)


def jpegs(p):
    for name, sub in (("444", 0), ("422", 1), ("420", 2)):
        for size in ((37, 29), (48, 32), (5, 4), (3, 3), (2, 2), (1, 1), (4, 17), (65, 3)):
            scene(*size).save(p("j%s_%dx%d.jpg" % (name, *size)), quality=90, subsampling=sub)
    cjpeg(p("j440_37x29.jpg"), scene(37, 29), "-sample", "1x2", "-quality", "90")
    cjpeg(p("j411_37x29.jpg"), scene(37, 29), "-sample", "4x1", "-quality", "90")
    cjpeg(p("jrgb_37x29.jpg"), scene(37, 29), "-rgb", "-quality", "90")
    scene(37, 29).convert("L").save(p("jgrey_37x29.jpg"), quality=90)
    scene(61, 43).save(p("jprogressive_61x43.jpg"), quality=75, progressive=True)
    scene(61, 43).save(p("jlow_61x43.jpg"), quality=20)
    scene(37, 29).convert("CMYK").save(p("jcmyk_37x29.jpg"), quality=90)
    for o in range(0, 10):
        scene(23, 14).save(p("jexif%d_23x14.jpg" % o), quality=90, exif=exif(o))


def pngs(p):
    im = scene(37, 29)
    alpha = Image.linear_gradient("L").resize(im.size)
    rgba = im.copy()
    rgba.putalpha(alpha)
    la = im.convert("L")
    la.putalpha(alpha)
    im.save(p("rgb.png"))
    rgba.save(p("rgba.png"))
    im.convert("L").save(p("l.png"))
    la.save(p("la.png"))
    im.convert("1").save(p("1.png"))
    im.quantize(200).save(p("p8.png"))
    im.quantize(12).save(p("p4.png"))
    im.quantize(30).save(p("ptrans.png"), transparency=3)
    im.save(p("rgbtrans.png"), transparency=im.getpixel((0, 0)))
    png16(p("rgb16.png"), 19, 13, 2, 3)
    png16(p("rgba16.png"), 19, 13, 6, 4)
    png16(p("la16.png"), 19, 13, 4, 2)
    im.save(p("exif6.png"), exif=exif(6))
    im.convert("L").save(p("exif7l.png"), exif=exif(7))


def gifs(p):
    im = scene(37, 29)
    im.quantize(64).save(p("p.gif"))
    im.quantize(64).save(p("transparent.gif"), transparency=5)
    im.convert("L").save(p("l.gif"))
    im.quantize(64).save(p("frames.gif"), save_all=True, append_images=[im.rotate(90).quantize(64)], duration=100)
    for name in ("p", "transparent"):  # the same frame inside a greater canvas
        with open(p(name + ".gif"), "rb") as f:
            data = bytearray(f.read())
        data[6:10] = struct.pack("<HH", 50, 40)
        at = data.index(b"\x2c\0\0\0\0" + struct.pack("<HH", 37, 29))
        data[at + 1 : at + 5] = struct.pack("<HH", 4, 7)
        with open(p(name + "_offset.gif"), "wb") as f:
            f.write(data)


def webps(p):
    for size in ((37, 29), (48, 32), (1, 1), (2, 2), (3, 5), (64, 1)):
        scene(*size).save(p("lossy_%dx%d.webp" % size), quality=80)
    im = scene(37, 29)
    rgba = im.copy()
    rgba.putalpha(Image.linear_gradient("L").resize(im.size))
    im.save(p("lossless.webp"), lossless=True)
    rgba.save(p("alpha_lossy.webp"), quality=70)
    rgba.save(p("alpha_lossless.webp"), lossless=True, exact=True)
    im.save(p("exif8.webp"), quality=60, exif=exif(8))


def bmps(p):
    im = scene(37, 29)
    im.save(p("rgb.bmp"))
    im.convert("L").save(p("l.bmp"))
    im.quantize(99).save(p("p.bmp"))
    im.convert("RGBA").save(p("rgba.bmp"))
    im.convert("1").save(p("1.bmp"))


def main():
    os.makedirs(OUT, exist_ok=True)
    for old in os.listdir(OUT):
        os.remove(os.path.join(OUT, old))

    def path(name):
        return os.path.join(OUT, name)

    for make in (jpegs, pngs, gifs, webps, bmps):
        make(path)
    with open("decode.txt", "w") as f:
        f.write("# Pillow %s: file width height sha256\n" % PIL.__version__)
        for name in sorted(os.listdir(OUT)):
            im = ImageOps.exif_transpose(Image.open(path(name))).convert("RGB")
            f.write("%s %d %d %s\n" % (name, *im.size, hashlib.sha256(im.tobytes()).hexdigest()))
            if name.endswith(".jpg"):
                im.save(path(name + ".want.png"), optimize=True)


if __name__ == "__main__":
    main()
