"""Writes pillow.txt: SHA-256 of what Pillow's Image.resize makes of synthetic pictures (resample_test.go draws the same).

Run with Pillow 9.4 (Debian: apt-get install python3-pil; /usr/bin/python3 pillow.py) in this folder.
"""
import hashlib
from PIL import Image
import PIL

FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "box": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "hamming": Image.Resampling.HAMMING,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}

SIZES = [  # (source width, height), (destination width, height)
    ((1, 1), (1, 1)), ((1, 1), (7, 5)), ((2, 2), (1, 1)), ((2, 1), (1, 2)), ((3, 3), (2, 2)), ((2, 3), (3, 2)),
    ((5, 7), (1, 1)), ((7, 5), (1, 9)), ((9, 1), (4, 1)), ((1, 9), (1, 4)), ((1, 13), (6, 5)), ((17, 1), (5, 8)),
    ((8, 8), (8, 8)), ((8, 8), (4, 4)), ((8, 8), (16, 16)), ((8, 8), (8, 3)), ((8, 8), (3, 8)), ((8, 8), (8, 21)),
    ((8, 8), (21, 8)), ((10, 10), (3, 3)), ((13, 11), (7, 29)), ((31, 17), (12, 40)), ((33, 65), (32, 32)),
    ((64, 48), (28, 28)), ((64, 48), (63, 47)), ((64, 48), (65, 49)), ((100, 75), (32, 32)), ((100, 75), (224, 224)),
    ((127, 131), (96, 97)), ((199, 3), (50, 50)), ((3, 199), (50, 50)), ((256, 256), (224, 224)), ((257, 190), (64, 64)),
    ((300, 200), (10, 7)), ((500, 375), (341, 256)), ((333, 500), (146, 219)), ((640, 7), (3, 224)),
]


def picture(kind, channels, width, height):
    """The test's picture: noise, blocks of black and white, or a gradient."""
    out = bytearray()
    state = (width * 73856093 ^ height * 19349663 ^ channels * 83492791) & 0xFFFFFFFF
    for y in range(height):
        for x in range(width):
            for c in range(channels):
                if kind == "noise":
                    state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
                    v = state >> 24
                elif kind == "blocks":
                    v = 255 * ((x // 3 + y // 5 + c) & 1)
                else:
                    v = (3 * x + 5 * y + 80 * c) & 255
                out.append(v)
    return bytes(out)


def main():
    with open("pillow.txt", "w") as f:
        f.write("# Pillow %s: filter kind channels source destination sha256\n" % PIL.__version__)
        for (sw, sh), (dw, dh) in SIZES:
            for channels in (1, 3):
                for kind in ("noise", "blocks", "gradient"):
                    data = picture(kind, channels, sw, sh)
                    im = Image.frombytes("L" if channels == 1 else "RGB", (sw, sh), data)
                    for name, resample in FILTERS.items():
                        digest = hashlib.sha256(im.resize((dw, dh), resample).tobytes()).hexdigest()
                        f.write("%s %s %d %dx%d %dx%d %s\n" % (name, kind, channels, sw, sh, dw, dh, digest))


if __name__ == "__main__":
    main()
