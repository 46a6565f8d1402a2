"""Writes imagenet.txt: random projections of what Pillow decodes and crops some JPEG files of the data folder to.

A row is: file, "decode" or "crop", and the sums of all samples under PROJECTIONS sequences of random signs. The mean
squared difference of two pictures' sums estimates the squared distance between the pictures, so that a test can tell how
near a decoder is to Pillow's without the pictures. Run with Pillow 9.4: /usr/bin/python3 imagenet.py DATA > imagenet.txt
"""
import os
import sys

import PIL
from PIL import Image

PROJECTIONS = 8


def signs(seed, n):
    state = (seed + 1) * 2654435761 & 0xFFFFFFFF
    for _ in range(n):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        yield 1 if state >> 31 else -1


def project(pixels):
    return " ".join(str(sum(v if s > 0 else -v for v, s in zip(pixels, signs(k, len(pixels))))) for k in range(PROJECTIONS))


def crop(im, n, size):
    w, h = im.size
    side = (n, int(n * h / w)) if w <= h else (int(n * w / h), n)
    im = im.resize(side, Image.Resampling.BILINEAR)
    left, top = int(round((side[0] - size) / 2.0)), int(round((side[1] - size) / 2.0))
    return im.crop((left, top, left + size, top + size))


def main():
    folder = os.path.join(sys.argv[1], "imagenet", "images")
    print("# Pillow %s: file, decoded or resized to 183 and cropped to 160, projections" % PIL.__version__)
    for name in sorted(os.listdir(folder))[::42]:
        im = Image.open(os.path.join(folder, name)).convert("RGB")
        print(name, "decode", project(im.tobytes()))
        print(name, "crop", project(crop(im, 183, 160).tobytes()))


if __name__ == "__main__":
    main()
