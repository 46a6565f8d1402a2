import { Engine } from "./engine.js";
import { Pad } from "./pad.js";

const by = (id) => document.getElementById(id);
const engine = new Engine();
const pad = new Pad(by("pad"), by("cursor"));
const invitation = "Draw a digit, or drop a picture.";

// turn counts what was asked, so that answers to what is no longer on show are left out.
let turn = 0;

// attempt runs f and shows its error.
async function attempt(what, f) {
  by("problem").hidden = true;
  try {
    await f();
  } catch (e) {
    by("problem").textContent = `${what}: ${e.message}`;
    by("problem").hidden = false;
  }
}

const percent = (p) => `${(100 * p).toFixed(1)} %`;

function showAnswer(result) {
  const [best] = result.classes;
  by("answer").textContent = `${best.label}, ${percent(best.probability)}`;
  by("classes").replaceChildren(...result.classes.map(({ label, probability }) => {
    const item = document.createElement("li");
    const [name, bar, share] = ["span", "progress", "span"].map((tag) => document.createElement(tag));
    name.textContent = label;
    bar.value = probability;
    bar.setAttribute("aria-hidden", "true");
    share.textContent = percent(probability);
    item.append(name, bar, share);
    return item;
  }));
  const runs = result.runs > 1 ? `, mean of ${result.runs} runs` : "";
  by("time").textContent = `${result.milliseconds.toPrecision(3)} ms an inference${runs}`;
}

function showNothing() {
  turn++;
  by("answer").textContent = invitation;
  by("classes").replaceChildren();
  by("time").textContent = "–";
  showPreview(null);
}

function showPreview(file) {
  const image = by("preview");
  if (image.src) URL.revokeObjectURL(image.src);
  image.hidden = !file;
  if (file) image.src = URL.createObjectURL(file);
  else image.removeAttribute("src");
}

// classify shows the answer of a call unless something newer was asked meanwhile.
async function classify(...call) {
  const mine = ++turn;
  const result = await engine.call(...call);
  if (mine === turn) showAnswer(result);
}

async function openModel(name, bytes) {
  const info = await engine.call("open", bytes);
  showNothing();
  by("name").textContent = name;
  by("input").textContent = `${info.input}, ${info.classes} classes`;
  by("kernels").textContent = info.integer ? info.kernels : `${info.kernels} (layers run in float)`;
  by("preprocess").textContent = info.preprocess;
  by("digest").textContent = "";
  by("compute").hidden = false;
}

async function computeDigest() {
  by("compute").hidden = true;
  by("digest").textContent = "computing …";
  try {
    by("digest").textContent = (await engine.call("digest")).digest;
  } catch (e) {
    by("digest").textContent = "–";
    throw e;
  }
}

async function openFile(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  if (/\.(onnx|tflite)$/i.test(file.name)) {
    by("answer").textContent = `Opening ${file.name} …`;
    try {
      await openModel(file.name, bytes);
    } catch (e) {
      by("answer").textContent = invitation;
      throw e;
    }
    return;
  }
  pad.wipe();
  showNothing();
  by("answer").textContent = "Looking …";
  try {
    await classify("picture", bytes);
  } catch (e) {
    by("answer").textContent = invitation;
    throw e;
  }
  showPreview(file);
}

// drawn classifies the drawing; while one is being classified, only the latest waits.
let busy = false;
let again = false;
async function drawn() {
  again = true;
  if (busy) return;
  busy = true;
  try {
    while (again) {
      again = false;
      showPreview(null);
      await attempt("The drawing", () => classify("drawing", pad.grey(), pad.canvas.width, pad.canvas.height));
    }
  } finally {
    busy = false;
  }
}

pad.addEventListener("change", drawn);
pad.addEventListener("clear", () => { by("problem").hidden = true; showNothing(); });
pad.addEventListener("pen", (e) => { by("pen").textContent = e.detail; });
by("clear").addEventListener("click", () => pad.clear());
by("compute").addEventListener("click", () => attempt("The digest", computeDigest));

for (const button of document.querySelectorAll("[data-picture]")) {
  button.addEventListener("click", () => pad.show(button.querySelector("img")));
}

for (const id of ["picture", "model"]) {
  by(id).addEventListener("change", async ({ target }) => {
    const [file] = target.files;
    if (file) await attempt(file.name, () => openFile(file));
    target.value = ""; // the same file may be chosen again
  });
}

addEventListener("dragover", (e) => { e.preventDefault(); document.body.classList.add("dropping"); });
addEventListener("dragleave", (e) => { if (!e.relatedTarget) document.body.classList.remove("dropping"); });
addEventListener("drop", (e) => {
  e.preventDefault();
  document.body.classList.remove("dropping");
  const [file] = e.dataTransfer.files;
  if (file) attempt(file.name, () => openFile(file));
});

navigator.serviceWorker?.register("offline.js").catch(() => {}); // without it the page needs its server

attempt("The page", async () => {
  const response = await fetch("digits.onnx");
  if (!response.ok) throw new Error(`digits.onnx: ${response.status} ${response.statusText}`);
  await openModel("digits.onnx, handwritten digits", new Uint8Array(await response.arrayBuffer()));
  await computeDigest();
});
