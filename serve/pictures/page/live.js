const period = 1000; // milliseconds between two questions
const patience = 10000; // milliseconds for an answer

const number = (v, digits) => (v == null ? "–" : v.toFixed(digits));
const latency = (v) => (v == null ? "–" : `${v < 10 ? v.toFixed(1) : v.toFixed(0)} ms`);

// cells are the columns of the table: a name, and what stands there for a version that serves.
const cells = [
  ["Requests/s", (s) => number(s.minute?.rate, 1)],
  ["Waiting", (s) => number(s.waiting, 0)],
  ["Running", (s) => number(s.running, 0)],
  ["Mean batch", (s) => number(s.minute?.mean_batch, 1)],
  ["p50", (s) => latency(s.minute?.latency_p50_ms)],
  ["p99", (s) => latency(s.minute?.latency_p99_ms)],
];

// Live shows the state of the server, and asks for it as long as the page can be seen.
export class Live {
  // line and rows are elements: what the server says in words, and the body of the table. show is called with each state.
  constructor(server, line, rows, show) {
    this.server = server;
    this.line = line;
    this.rows = rows;
    this.show = show;
    this.timer = 0;
    this.asking = false;
    document.addEventListener("visibilitychange", () => this.ask());
    this.ask();
  }

  // ask asks now and then again and again, unless the page is hidden.
  async ask() {
    clearTimeout(this.timer);
    if (document.hidden || this.asking) return;
    this.asking = true;
    let again = true;
    try {
      const status = await this.server.status(AbortSignal.timeout(patience));
      this.line.classList.remove("alarm");
      this.rows.classList.remove("stale");
      this.update(status);
    } catch (e) {
      again = e.status !== 401; // it is asked again when there is a token
      this.line.classList.add("alarm");
      this.rows.classList.add("stale");
      this.say(this.reason(e));
    } finally {
      this.asking = false;
      if (again && !document.hidden) this.timer = setTimeout(() => this.ask(), period);
    }
  }

  // reason tells why there is no state.
  reason(e) {
    if (e.name === "TimeoutError") return "The server does not answer.";
    return e.status === 401 ? "The server tells nothing without a token." : `No state: ${e.message}.`;
  }

  // say sets the line above the table, unless that is what it says.
  say(text) {
    if (this.line.textContent !== text) this.line.textContent = text;
  }

  update(status) {
    const { models } = status;
    const held = `requests hold ${(status.bytes.used / 2 ** 20).toFixed(1)} MiB`;
    this.say(status.draining ? `Shutting down; ${held}.` : `${status.ready ? "Ready" : "Not all models serve"}; ${held}.`);
    this.rows.replaceChildren(...models.map((m) => this.row(m)));
    this.show(status);
  }

  // row returns the row of a version. Roles are named, as the row is no table row where the style makes it a card.
  row({ name, version, state, reason, serving }) {
    const row = document.createElement("tr");
    row.setAttribute("role", "row");
    const head = document.createElement("th");
    head.setAttribute("role", "rowheader");
    head.scope = "row";
    head.textContent = version ? `${name}, version\u00a0${version}` : name;
    row.append(head);
    const add = (text, column) => {
      const cell = document.createElement("td");
      cell.setAttribute("role", "cell");
      cell.textContent = text;
      if (column) cell.dataset.column = column;
      row.append(cell);
      return cell;
    };
    if (serving) {
      for (const [column, text] of cells) add(text(serving), column);
      return row;
    }
    const cell = add(reason ? `${state}: ${reason}` : state);
    cell.colSpan = cells.length;
    cell.className = state === "UNAVAILABLE" ? "reason alarm" : "reason";
    return row;
  }
}
