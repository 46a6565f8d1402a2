// Pad is a canvas to draw on, white on black: by mouse, finger or pen, and by keyboard with a cursor of its own.
const step = 10; // pixels that an arrow key moves
const stroke = 22; // width of a line

export class Pad extends EventTarget {
  // Events: "change" after something was drawn, "clear", and "pen", whose detail says in words what the keyboard's pen does.
  constructor(canvas, cursor) {
    super();
    this.canvas = canvas;
    this.cursor = cursor;
    this.context = canvas.getContext("2d", { willReadFrequently: true });
    this.key = { x: canvas.width / 2, y: canvas.height / 4, down: false };
    this.last = null; // where the pointer was, while it is down
    canvas.addEventListener("pointerdown", (e) => this.begin(e));
    canvas.addEventListener("pointermove", (e) => this.move(e));
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, (e) => this.end(e));
    canvas.addEventListener("keydown", (e) => this.press(e));
    this.wipe();
    this.showCursor();
  }

  wipe() {
    this.context.fillStyle = "#000";
    this.context.fillRect(0, 0, this.canvas.width, this.canvas.height);
  }

  clear() {
    this.wipe();
    this.dispatchEvent(new Event("clear"));
  }

  // show puts a picture in place of the drawing.
  show(image) {
    this.wipe();
    this.context.drawImage(image, 0, 0, this.canvas.width, this.canvas.height);
    this.changed();
  }

  // grey returns the pixels, one byte each.
  grey() {
    const { data } = this.context.getImageData(0, 0, this.canvas.width, this.canvas.height);
    return Uint8Array.from({ length: data.length / 4 }, (_, i) => data[4 * i]);
  }

  changed() { this.dispatchEvent(new Event("change")); }

  line(from, to) {
    const c = this.context;
    c.strokeStyle = "#fff";
    c.lineWidth = stroke;
    c.lineCap = c.lineJoin = "round";
    c.beginPath();
    c.moveTo(from.x, from.y);
    c.lineTo(to.x, to.y);
    c.stroke();
  }

  // place returns where in the canvas an event is.
  place(event) {
    const box = this.canvas.getBoundingClientRect();
    return {
      x: (event.clientX - box.left) * this.canvas.width / box.width,
      y: (event.clientY - box.top) * this.canvas.height / box.height,
    };
  }

  begin(event) {
    if (!event.isPrimary || event.button !== 0) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.last = this.place(event);
    this.line(this.last, this.last);
  }

  move(event) {
    if (!this.last || !event.isPrimary) return;
    // Points that the browser merged into this event keep curves round.
    const events = event.getCoalescedEvents?.() ?? [];
    for (const e of events.length ? events : [event]) {
      const at = this.place(e);
      this.line(this.last, at);
      this.last = at;
    }
  }

  end(event) {
    if (!this.last || !event.isPrimary) return;
    this.last = null;
    this.changed();
  }

  press(event) {
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key in moves) {
      this.moveKey(...moves[event.key]);
    } else if (event.key === " ") {
      this.setKey(!this.key.down);
    } else if (event.key === "Delete" || event.key === "Backspace") {
      this.setKey(false);
      this.clear();
    } else {
      return;
    }
    event.preventDefault();
  }

  moveKey(dx, dy) {
    const from = { ...this.key };
    this.key.x = Math.min(Math.max(from.x + dx * step, 0), this.canvas.width);
    this.key.y = Math.min(Math.max(from.y + dy * step, 0), this.canvas.height);
    this.showCursor();
    if (!this.key.down) return;
    this.line(from, this.key);
    this.changed();
  }

  setKey(down) {
    if (this.key.down === down) return;
    this.key.down = down;
    this.showCursor();
    this.dispatchEvent(new CustomEvent("pen", { detail: down ? "Pen down" : "Pen up" }));
    if (!down) return;
    this.line(this.key, this.key);
    this.changed();
  }

  showCursor() {
    this.cursor.style.left = `${100 * this.key.x / this.canvas.width}%`;
    this.cursor.style.top = `${100 * this.key.y / this.canvas.height}%`;
    this.cursor.classList.toggle("down", this.key.down);
  }
}
