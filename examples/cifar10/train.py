"""Trains the CIFAR-10 classifier that octet carries and writes it as a float ONNX file.

Needs PyTorch (1.13 or later) and Pillow. README.md has the commands that made the committed file, and what it scored.
"""

import argparse
import concurrent.futures
import copy
import io
import os
import time
import zipfile

os.environ.setdefault("OMP_NUM_THREADS", "1")  # one core for each replica, see Replicas

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn

CLASSES = "airplane automobile bird cat deer dog frog horse ship truck".split()
HELD_OUT = 100  # pictures of each class, the last ones, that are scored after each epoch and never trained on
# The preset cifar10 of package vision: (pixel/255 - mean) / std.
MEAN = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
STD = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)


def read_pictures(path):
    """Returns the zip file's pictures, uint8 [N,3,32,32], and classes, int64 [N], for training and held out."""
    parts = {False: ([], []), True: ([], [])}
    with zipfile.ZipFile(path) as z:
        for label, name in enumerate(CLASSES):
            files = sorted(f for f in z.namelist() if f"/{name}/" in f and f.endswith(".jpg"))
            for k, f in enumerate(files):
                pictures, labels = parts[k >= len(files) - HELD_OUT]
                pictures.append(np.asarray(Image.open(io.BytesIO(z.read(f))).convert("RGB")))
                labels.append(label)
    return [
        (torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).contiguous(), torch.tensor(labels))
        for pictures, labels in (parts[False], parts[True])
    ]


def normalize(pictures):
    """Returns the network's input, float32 in channels_last order, for uint8 pictures."""
    return ((pictures.float() / 255 - MEAN) / STD).contiguous(memory_format=torch.channels_last)


def augment(pictures, size, rng):
    """Returns uint8 size x size pieces of the pictures at random places, half of them mirrored.

    At size 32 a piece may reach 4 pixels over the edge, where the picture is continued by reflection; at 24 it stays inside.
    """
    margin = 4 if size == 32 else 0
    padded = F.pad(pictures.float(), [margin] * 4, mode="reflect").byte() if margin else pictures
    places = rng.integers(0, padded.shape[-1] - size + 1, (len(pictures), 2))
    mirrored = rng.random(len(pictures)) < 0.5
    out = torch.empty(len(pictures), 3, size, size, dtype=torch.uint8)
    for i, (y, x) in enumerate(places):
        piece = padded[i, :, y : y + size, x : x + size]
        out[i] = piece.flip(-1) if mirrored[i] else piece
    return out


def convolution(inputs, outputs, stride=1):
    """Returns the layers of a 3x3 convolution."""
    return [nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False), nn.BatchNorm2d(outputs)]


class Residual(nn.Module):
    """x + f(x) (He et al. 2015)."""

    def __init__(self, f):
        super().__init__()
        self.f = f

    def forward(self, x):
        return x + self.f(x)


def network(widths=(24, 40, 80, 112)):
    """Returns a residual network for float32 [N,3,H,W] pictures whose output is float32 [N,10] logits."""
    layers = [*convolution(3, widths[0]), nn.ReLU()]
    for inputs, width in zip(widths, widths[1:]):
        layers += [*convolution(inputs, width, stride=2), nn.ReLU()]
        if width != widths[-1]:
            two = [*convolution(width, width), nn.ReLU(), *convolution(width, width), nn.ReLU()]
            layers.append(Residual(nn.Sequential(*two)))
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(widths[-1], len(CLASSES))]
    return nn.Sequential(*layers)


class Replicas:
    """Copies of a network that share its weights; each computes the gradient of its part of a batch in a thread.

    On few cores this is faster than threads within each operator, above all where other programs run too.
    BatchNorm's statistics are those of each part, and the first copy is the network itself.
    """

    def __init__(self, net, count):
        self.nets = [net] + [copy.deepcopy(net) for _ in range(count - 1)]
        for other in self.nets[1:]:
            for p, q in zip(net.parameters(), other.parameters()):
                q.data = p.data
        self.pool = concurrent.futures.ThreadPoolExecutor(count)

    def gradient(self, x, y):
        """Leaves the mean gradient in the first network's parameters and returns the mean loss."""
        n = len(self.nets)

        def part(k):
            net = self.nets[k].train()
            net.zero_grad(set_to_none=True)
            loss = F.cross_entropy(net(normalize(x[k::n])), y[k::n], label_smoothing=0.1)
            loss.backward()
            return loss.item()

        losses = list(self.pool.map(part, range(n)))
        for same in zip(*(net.parameters() for net in self.nets)):
            same[0].grad = sum(p.grad for p in same) / n
        return sum(losses) / n


def accuracy(net, pictures, labels):
    net.eval()
    with torch.no_grad():
        right = sum(
            (net(normalize(x)).argmax(1) == y).sum().item() for x, y in zip(pictures.split(250), labels.split(250))
        )
    return right / len(labels)


def learning_rate(t, peak):
    """One cycle: up in the first fifth of training, down to 0 along a cosine; t is the part done, 0..1."""
    return peak * (0.05 + 0.95 * t / 0.2 if t < 0.2 else 0.5 * (1 + np.cos(np.pi * (t - 0.2) / 0.8)))


def export(net, path):
    example = torch.zeros(1, 3, 32, 32)
    torch.onnx.export(
        copy.deepcopy(net).eval().to(memory_format=torch.contiguous_format), example, path, opset_version=13,
        input_names=["image"], output_names=["logits"], dynamic_axes={"image": {0: "N"}, "logits": {0: "N"}},
    )  # fmt: skip


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("data", help="train_25000_jpeg.zip: a folder of JPEG pictures for each class")
    p.add_argument("-o", "--output", default="cifar10_fp32.onnx", help="file to write after every epoch")
    p.add_argument("--checkpoint", default="cifar10.pt", help="file to go on from, if there is one")
    p.add_argument("--epochs", type=int, default=32, help="may differ when going on: the schedule is one of parts done")
    p.add_argument("--small", type=float, default=0.75, help="part of the epochs that sees 24 x 24 pieces of pictures")
    p.add_argument("--batch", type=int, default=128)
    p.add_argument("--rate", type=float, default=0.25, help="highest learning rate")
    p.add_argument("--replicas", type=int, default=2, help="threads")
    p.add_argument("--seed", type=int, default=1)
    a = p.parse_args()

    torch.set_num_threads(1)
    torch.manual_seed(a.seed)
    (pictures, labels), held_out = read_pictures(a.data)
    net = network().to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(net.parameters(), a.rate, momentum=0.9, nesterov=True, weight_decay=5e-4)
    first = 0
    if os.path.exists(a.checkpoint):
        state = torch.load(a.checkpoint)
        net.load_state_dict(state["net"])
        optimizer.load_state_dict(state["optimizer"])
        first = state["epoch"]
    replicas = Replicas(net, a.replicas)
    print(f"{sum(q.numel() for q in net.parameters())} parameters, {len(labels)} pictures, epoch {first}", flush=True)
    steps = len(labels) // a.batch
    for epoch in range(first, a.epochs):
        rng = np.random.default_rng([a.seed, epoch])
        order = torch.from_numpy(rng.permutation(len(labels)))
        size = 24 if epoch < a.small * a.epochs else 32
        start, loss = time.time(), 0.0
        for step in range(steps):
            for group in optimizer.param_groups:
                group["lr"] = learning_rate((epoch + step / steps) / a.epochs, a.rate)
            rows = order[step * a.batch : (step + 1) * a.batch]
            loss += replicas.gradient(augment(pictures[rows], size, rng), labels[rows]) / steps
            optimizer.step()
        right = accuracy(net, *held_out)
        seconds = time.time() - start
        print(f"epoch {epoch + 1}/{a.epochs} size {size} loss {loss:.4f} held out {right:.4f} {seconds:.0f} s", flush=True)
        torch.save({"net": net.state_dict(), "optimizer": optimizer.state_dict(), "epoch": epoch + 1}, a.checkpoint)
        export(net, a.output)


if __name__ == "__main__":
    main()
