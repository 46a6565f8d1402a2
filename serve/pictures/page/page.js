import { Live } from "./live.js";
import { Server } from "./server.js";

const by = (id) => document.getElementById(id);
const server = new Server();

// turn counts what was asked, so that answers to what is no longer on show are left out.
let turn = 0;
let chosen = null; // the file on show
let offered = ""; // the models and versions that can be chosen, as JSON
let versions = new Map(); // of each model, ascending

// Numbers and units are not torn apart: a no-break space is between them.
const percent = (p) => `${(100 * p).toFixed(1)}\u00a0%`;
const time = (ms) => `${ms < 10 ? ms.toFixed(2) : ms.toFixed(1)}\u00a0ms`;

function showProblem(text) {
  by("problem").textContent = text;
  by("problem").hidden = !text;
}

function showFacts(answer) {
  by("facts").hidden = !answer;
  if (!answer) return;
  by("which").textContent = `${answer.model}, version\u00a0${answer.version}`;
  for (const [name, ms] of Object.entries(answer.times)) by(name).textContent = time(ms);
}

function showClasses(classes) {
  by("classes").replaceChildren(...classes.map(({ label, probability }) => {
    const item = document.createElement("li");
    const [name, bar, share] = ["span", "progress", "span"].map((tag) => document.createElement(tag));
    name.textContent = label;
    bar.value = probability;
    bar.setAttribute("aria-hidden", "true");
    share.textContent = percent(probability);
    item.append(name, bar, share);
    return item;
  }));
}

function showPreview(file) {
  const image = by("preview");
  if (image.src) URL.revokeObjectURL(image.src);
  image.hidden = !file;
  if (file) image.src = URL.createObjectURL(file);
  else image.removeAttribute("src");
}

// classify asks about the picture on show and shows the answer, unless something newer was asked meanwhile.
async function classify() {
  const mine = ++turn;
  showProblem("");
  showClasses([]);
  showFacts(null);
  if (!by("model").value) {
    by("answer").textContent = "No model takes pictures.";
    return;
  }
  by("answer").textContent = "Looking …";
  try {
    const answer = await server.classify(by("model").value, by("version").value, chosen);
    if (mine !== turn) return;
    const { classes } = answer.results[0];
    by("answer").textContent = `${classes[0].label}, ${percent(classes[0].probability)}`;
    showClasses(classes);
    showFacts(answer);
  } catch (e) {
    if (mine !== turn) return;
    by("answer").textContent = "No answer.";
    showProblem(`${chosen.name}: ${e.message}`);
  }
}

function open(file) {
  chosen = file;
  showPreview(file);
  classify();
}

function option(value, text) {
  const o = document.createElement("option");
  o.value = value;
  o.textContent = text;
  return o;
}

// fill puts options into a choice and keeps what was chosen, where that is still there.
function fill(select, options) {
  const { value } = select;
  select.replaceChildren(...options);
  if (options.some((o) => o.value === value)) select.value = value;
  select.disabled = options.length === 0;
}

function offerVersions() {
  const list = versions.get(by("model").value) ?? [];
  fill(by("version"), list.length ? [option("", `latest (${list.at(-1)})`), ...list.map((v) => option(v, v))] : []);
}

// offer puts the models that take pictures into the choice, when they have changed.
function offer({ models }) {
  const list = models.filter((m) => m.serving?.pictures).map((m) => [m.name, m.version]);
  const now = JSON.stringify(list);
  if (now === offered) return;
  offered = now;
  versions = new Map();
  for (const [name, version] of list) versions.set(name, [...(versions.get(name) ?? []), version]);
  fill(by("model"), [...versions.keys()].map((name) => option(name, name)));
  offerVersions();
}

by("model").addEventListener("change", () => {
  by("version").value = ""; // the latest
  offerVersions();
  if (chosen) classify();
});
by("version").addEventListener("change", () => { if (chosen) classify(); });

for (const id of ["picture", "camera"]) {
  by(id).addEventListener("change", ({ target }) => {
    const [file] = target.files;
    if (file) open(file);
    target.value = ""; // the same file may be chosen again
  });
}

by("sample")?.addEventListener("click", async () => {
  try {
    open(new File([await (await server.get("sample")).blob()], "sample"));
  } catch (e) {
    showProblem(`sample: ${e.message}`);
  }
});

addEventListener("dragover", (e) => { e.preventDefault(); document.body.classList.add("dropping"); });
addEventListener("dragleave", (e) => { if (!e.relatedTarget) document.body.classList.remove("dropping"); });
addEventListener("drop", (e) => {
  e.preventDefault();
  document.body.classList.remove("dropping");
  const [file] = e.dataTransfer.files;
  if (file) open(file);
});

by("preview").addEventListener("error", () => { by("preview").hidden = true; }); // the browser may know fewer formats

const live = new Live(server, by("server"), by("models"), offer);

server.refused = () => {
  by("login").hidden = false;
  by("wanted").textContent = server.token ? "The server does not take this token" : "The server asks for a token";
  by("wanted").classList.toggle("alarm", server.token !== "");
};
by("login").addEventListener("submit", (e) => {
  e.preventDefault();
  server.token = by("token").value;
  by("login").hidden = true;
  live.ask();
  if (chosen) classify();
});
