"""Draws ship.png, the picture that octet tries its CIFAR-10 model on: 128 x 128 pixels, nobody's photograph."""

import argparse

from PIL import Image, ImageDraw, ImageFilter

SIDE, SCALE = 128, 4  # pixels, and how much larger it is drawn, so that edges are smooth


def ship():
    """Returns a freighter at sea under a hazy sky."""
    side = SIDE * SCALE
    picture = Image.new("RGB", (side, side))
    d = ImageDraw.Draw(picture)
    horizon = 0.56
    for y in range(side):
        t = y / side
        near = (t - horizon) / (1 - horizon)
        sky = (120 + 110 * t, 165 + 85 * t, 215 + 30 * t)
        sea = (60 - 35 * near, 105 - 50 * near, 135 - 50 * near)
        d.line((0, y, side, y), fill=tuple(int(v) for v in (sky if t < horizon else sea)))

    def polygon(colour, *points):
        d.polygon([(x * side, y * side) for x, y in points], fill=colour)

    polygon((40, 45, 60), (0.06, 0.52), (0.30, 0.55), (0.97, 0.51), (0.89, 0.68), (0.13, 0.68))  # hull
    polygon((130, 40, 35), (0.11, 0.645), (0.90, 0.645), (0.885, 0.685), (0.135, 0.685))  # below the water line
    polygon((235, 235, 230), (0.18, 0.37), (0.36, 0.37), (0.38, 0.55), (0.16, 0.54))  # bridge
    polygon((70, 80, 95), (0.19, 0.40), (0.35, 0.40), (0.35, 0.43), (0.19, 0.43))  # its windows
    polygon((190, 60, 40), (0.22, 0.27), (0.30, 0.27), (0.31, 0.37), (0.21, 0.37))  # funnel
    for x, colour in ((0.42, (170, 75, 50)), (0.55, (60, 100, 140)), (0.68, (180, 150, 70))):  # cargo
        polygon(colour, (x, 0.46), (x + 0.11, 0.46), (x + 0.11, 0.55), (x, 0.55))
    polygon((90, 90, 95), (0.835, 0.30), (0.845, 0.30), (0.85, 0.54), (0.83, 0.54))  # mast
    polygon((200, 215, 220), (0.08, 0.68), (0.92, 0.68), (0.97, 0.70), (0.03, 0.70))  # foam
    return picture.filter(ImageFilter.GaussianBlur(SCALE)).resize((SIDE, SIDE), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("output", help="PNG file to write")
    ship().save(p.parse_args().output, optimize=True)
